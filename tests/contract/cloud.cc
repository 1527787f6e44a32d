#include "tests/contract/cloud.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "common/json/json_value.h"
#include "common/json/json_writer.h"
#include "tests/contract/prism.h"

namespace farshore::test {
namespace {

// What no description allows is played before Prism, which would turn it into a complaint of its own.
const std::set<std::string> kPlayedByTheFront{"html",          "answer", "timeout_before",
                                              "timeout_after", "reset",  "garbage"};

std::string script_path(const std::string& file) { return std::string(FARSHORE_SOURCE_DIR) + "/" + file; }

bool for_the_front(const Fault& fault) {
  return kPlayedByTheFront.contains(fault.kind) || fault.with.find("\"retry_after\": -") != std::string::npos;
}

std::string to_json(const Fault& fault) {
  JsonWriter json;
  json.begin_array().begin_object().object("match").field("path", fault.path);
  if (!fault.method.empty()) json.field("method", fault.method);
  json.end_object().field("after", fault.after);
  if (fault.times > 0) {
    json.field("times", fault.times);
  } else {
    json.null_field("times");
  }
  JsonWriter kind;
  kind.value(fault.kind);
  json.key("fault").raw(
      fmt::format("{{\"kind\": {}{}{}}}", kind.str(), fault.with.empty() ? "" : ", ", fault.with));
  return json.end_object().end_array().str();
}

std::vector<CloudCall> read_log(const std::string& text) {
  const JsonValue log = parse_json(text, size_t{64} << 20).value();
  std::vector<CloudCall> calls;
  for (const JsonValue& entry : log.items()) {
    CloudCall call{.method = entry.get_string("method").value(),
                   .path = entry.get_string("path").value(),
                   .query = entry.get_string("query").value(),
                   .body = entry.get_string("body").value(),
                   .status = {},
                   .fault = entry.find_string("fault").value().value_or(""),
                   .violations = {}};
    if (const auto status = entry.find_int("status").value()) call.status = static_cast<int>(*status);
    if (const auto found = entry.find("violations")) {
      for (const JsonValue& one : found->items()) call.violations.push_back(one.as_string().value());
    }
    calls.push_back(std::move(call));
  }
  return calls;
}

std::vector<std::string> cloud_arguments(const TempDir& folder, const CloudOptions& options) {
  write_file(folder.file("token"), options.token + "\n", 0600);
  write_file(folder.file("seed.json"), options.seed);
  std::vector<std::string> arguments{
      "--token-file", folder.file("token"),
      "--state",      folder.file("seed.json"),
      "--delay",      fmt::format("{}", std::chrono::duration<double>(options.delay).count())};
  if (options.publish_into != nullptr) {
    write_file(folder.file("key"), options.publish_into->options().api_key + "\n", 0600);
    arguments.insert(arguments.end(), {"--publish", options.publish_into->api_url(), "--publish-key-file",
                                       folder.file("key")});
  }
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  return arguments;
}

}  // namespace

::testing::AssertionResult no_violations(const std::vector<CloudCall>& calls) {
  if (calls.empty()) return ::testing::AssertionFailure() << "no call was made";
  std::string text;
  for (const CloudCall& call : calls) {
    for (const std::string& one : call.violations) {
      text += fmt::format("\n{} {} {}: {}", call.method, call.path, call.body, one);
    }
  }
  if (text.empty()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "violations:" << text;
}

ControlledServer::ControlledServer(const std::string& script, std::vector<std::string> arguments)
    : url_("http://127.0.0.1:" + std::to_string(free_port())) {
  std::vector<std::string> argv{"/usr/bin/python3", "-B", script_path(script), "--listen",
                                url_.substr(std::string("http://").size())};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  process_ = std::make_unique<ChildProcess>(
      argv, SpawnOptions{.output_file = folder_.file("log"), .environment = {}, .run_as = {}});
  if (!process_->wait_for_output("listening on", 30s)) {
    throw std::runtime_error(script + " does not start: " + process_->output());
  }
}

std::string ControlledServer::control(const std::string& method, const std::string& name,
                                      const std::string& body) {
  HttpRequest request;
  request.method = method;
  request.url = url_ + "/_control/" + name;
  request.body = body;
  request.timeout = 30s;
  request.max_response_bytes = size_t{64} << 20;
  const auto response = http_->send(request);
  if (!response) throw std::runtime_error(request.url + ": " + response.error().message);
  if (response->status != 200) throw std::runtime_error(request.url + ": " + response->body);
  return response->body;
}

Checked::Checked(const std::string& description, const std::string& upstream_url, bool upstream_is_a_cloud) {
  const std::string prism_url = "http://127.0.0.1:" + std::to_string(free_port());
  prism_ = start_prism(description, upstream_url, prism_url, folder_);
  std::vector<std::string> arguments{"--prism", prism_url};
  if (upstream_is_a_cloud) arguments.emplace_back("--rehearsable");
  front_ = std::make_unique<ControlledServer>("tests/contract/checked_front.py", arguments);
}

void Checked::fault(const Fault& fault) { front_->control("POST", "faults", to_json(fault)); }

std::vector<CloudCall> Checked::log() { return read_log(front_->control("GET", "log")); }

void Checked::reset() { front_->control("POST", "reset"); }

Cloud::Cloud(std::string program, CloudOptions options)
    : program_(std::move(program)),
      server_(std::make_unique<ControlledServer>("examples/lab/clouds/" + program_,
                                                 cloud_arguments(folder_, options))) {}

const std::string& Cloud::through_prism_url() {
  if (!checked_) {
    const std::string description = program_.substr(0, program_.find('_')) + ".yaml";
    checked_ = std::make_unique<Checked>(description, server_->url(), true);
  }
  return checked_->url();
}

void Cloud::fault(const Fault& fault) {
  if (checked_ && for_the_front(fault)) {
    checked_->fault(fault);
  } else {
    server_->control("POST", "faults", to_json(fault));
  }
}

void Cloud::change(const std::string& rows) { server_->control("POST", "change", rows); }

void Cloud::pause_publication(bool paused) {
  server_->control("POST", "publication", paused ? R"({"paused": true})" : R"({"paused": false})");
}

bool Cloud::all_published() {
  return parse_json(server_->control("GET", "publication")).value().get_int("pending").value() == 0;
}

void Cloud::reset() {
  server_->control("POST", "reset");
  if (checked_) checked_->reset();
}

std::vector<CloudCall> Cloud::log() {
  return checked_ ? checked_->log() : read_log(server_->control("GET", "log"));
}

void JudgedCloud::expect_calls(bool made) {
  const auto calls = cloud_.log();
  if (made) {
    EXPECT_TRUE(no_violations(calls));
  } else {
    EXPECT_TRUE(calls.empty()) << calls.size() << " calls, and none was to be made";
  }
}

size_t JudgedCloud::count(const std::string& method, const std::string& path_part) {
  const auto calls = cloud_.log();
  return static_cast<size_t>(std::ranges::count_if(calls, [&](const CloudCall& call) {
    return call.method == method && call.path.find(path_part) != std::string::npos;
  }));
}

}  // namespace farshore::test
