#include "common/yaml/units.h"

#include <array>
#include <charconv>
#include <limits>

namespace farshore {
namespace {

struct Unit {
  std::string_view name;
  int64_t size;
};

constexpr std::array<Unit, 7> kDurationUnits = {{{"d", 86'400'000'000'000},
                                                 {"h", 3'600'000'000'000},
                                                 {"m", 60'000'000'000},
                                                 {"s", 1'000'000'000},
                                                 {"ms", 1'000'000},
                                                 {"us", 1'000},
                                                 {"ns", 1}}};

constexpr std::array<Unit, 9> kByteUnits = {{{"TiB", int64_t{1} << 40},
                                             {"GiB", int64_t{1} << 30},
                                             {"MiB", int64_t{1} << 20},
                                             {"KiB", int64_t{1} << 10},
                                             {"TB", 1'000'000'000'000},
                                             {"GB", 1'000'000'000},
                                             {"MB", 1'000'000},
                                             {"kB", 1'000},
                                             {"B", 1}}};

template <size_t N>
const Unit* find_unit(const std::array<Unit, N>& units, std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

struct Amount {
  int64_t number = 0;
  std::string_view unit;
};

// Takes "30s" off the front of the text; false when there is no number or no unit.
bool take_amount(std::string_view& text, Amount& amount) {
  const auto [after, error] = std::from_chars(text.data(), text.data() + text.size(), amount.number);
  if (error != std::errc() || amount.number < 0 || text.front() == '-') return false;
  text.remove_prefix(static_cast<size_t>(after - text.data()));
  size_t letters = 0;
  while (letters < text.size() && ((text[letters] | 0x20) >= 'a' && (text[letters] | 0x20) <= 'z')) ++letters;
  amount.unit = text.substr(0, letters);
  text.remove_prefix(letters);
  return letters > 0;
}

}  // namespace

Result<nanoseconds> parse_duration(std::string_view text) {
  constexpr std::string_view kHelp = "write a whole number with a unit, such as 500ms, 10s, 1m30s or 1h";
  std::string_view rest = text;
  int64_t total = 0;
  int64_t last_unit = std::numeric_limits<int64_t>::max();
  do {
    Amount amount;
    if (!take_amount(rest, amount)) return fail(ErrorCode::kInvalidArgument, "{}", kHelp);
    const Unit* unit = find_unit(kDurationUnits, amount.unit);
    if (unit == nullptr || unit->size >= last_unit) return fail(ErrorCode::kInvalidArgument, "{}", kHelp);
    last_unit = unit->size;
    int64_t product = 0;
    if (__builtin_mul_overflow(amount.number, unit->size, &product) ||
        __builtin_add_overflow(total, product, &total)) {
      return fail(ErrorCode::kInvalidArgument, "the longest duration is 292 years");
    }
  } while (!rest.empty());
  return nanoseconds(total);
}

std::string format_duration(nanoseconds duration) {
  if (duration.count() == 0) return "0s";
  for (const Unit& unit : kDurationUnits) {
    if (duration.count() % unit.size == 0)
      return fmt::format("{}{}", duration.count() / unit.size, unit.name);
  }
  return fmt::format("{}ns", duration.count());
}

Result<int64_t> parse_bytes(std::string_view text) {
  constexpr std::string_view kHelp = "write a whole number with a unit, such as 16MiB or 100kB";
  std::string_view rest = text;
  Amount amount;
  if (!take_amount(rest, amount) || !rest.empty()) return fail(ErrorCode::kInvalidArgument, "{}", kHelp);
  const Unit* unit = find_unit(kByteUnits, amount.unit);
  if (unit == nullptr) return fail(ErrorCode::kInvalidArgument, "{}", kHelp);
  int64_t total = 0;
  if (__builtin_mul_overflow(amount.number, unit->size, &total)) {
    return fail(ErrorCode::kInvalidArgument, "the largest size is 8388607TiB");
  }
  return total;
}

std::string format_bytes(int64_t bytes) {
  if (bytes == 0) return "0B";
  for (const Unit& unit : kByteUnits) {
    if (bytes % unit.size == 0) return fmt::format("{}{}", bytes / unit.size, unit.name);
  }
  return fmt::format("{}B", bytes);
}

}  // namespace farshore
