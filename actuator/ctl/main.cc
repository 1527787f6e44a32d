// farshorectl: the operator's hands. Keeps no state of its own.
#include <unistd.h>

#include <iostream>

#include "actuator/ctl/ctl.h"

namespace {

// On a terminal a person is asked; a script that says approve means it.
bool confirm(const std::string& question) {
  if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) return true;
  std::cout << question << " [yes/no] " << std::flush;
  std::string answer;
  return std::getline(std::cin, answer) && answer == "yes";
}

}  // namespace

int main(int argc, char** argv) {
  const auto http = farshore::make_curl_client();
  return farshore::run_ctl(argc, argv, {std::cout, std::cerr, *http, confirm});
}
