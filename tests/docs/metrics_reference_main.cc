// Prints docs/metrics.md.
#include <iostream>

#include "tests/docs/metrics_reference.h"

int main() {
  std::cout << farshore::metrics_reference();
  return std::cout.good() ? 0 : 1;
}
