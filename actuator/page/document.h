// The frame around every page: head, header, the headers that keep a browser from doing anything else with
// it.
#pragma once

#include <optional>
#include <string>

#include "actuator/page/html.h"
#include "actuator/page/sessions.h"
#include "common/http/server.h"

namespace farshore {

struct Frame {
  std::string title;
  const Session* session = nullptr;  // null: nobody is signed in
  bool refreshes = false;            // the page is fetched again and again, and its parts replaced
};

// The whole answer. `main` goes into <main>.
ServerReply document(const Frame& frame, const Html& main, int status = 200);

// 303 to a path of our own.
ServerReply see_other(const std::string& path);

}  // namespace farshore
