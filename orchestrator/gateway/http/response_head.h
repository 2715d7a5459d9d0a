#pragma once

#include <string>

#include "boost/beast/http/fields.hpp"
#include "boost/beast/http/message.hpp"
#include "orchestrator/gateway/http/http_message.h"

namespace orch::gateway {

// The head of `response`, without what tells its body's length. Internal to HttpSession.
boost::beast::http::response_header<> ResponseHead(const HttpResponse& response,
                                                   const std::string& request_id, bool keep_alive);

}  // namespace orch::gateway
