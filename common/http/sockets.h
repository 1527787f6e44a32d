// What civetweb does not tell about its sockets and does not do with them. IPv4 only, as the server is.
#pragma once

#include <string>

struct mg_request_info;

namespace farshore {

// The descriptor of the connection that a request came by, found by its two ends; -1 when there is none.
int find_socket(const mg_request_info& info);

// Ends the reading side of every accepted connection of a listening port, so that a worker waiting for the
// next request of a kept connection wakes at once. Answers being written still arrive.
void end_reading_on(int port);

// Connects and closes: wakes a thread that waits for somebody to connect.
void knock(const std::string& host, int port);

}  // namespace farshore
