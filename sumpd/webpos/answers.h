#pragma once

#include <string_view>

#include "hal/base/error.h"
#include "ipc/contract/value.h"
#include "ipc/http/message.h"
#include "sumpd/webpos/tokens.h"

// What web tills are answered: the contract's words over HTTP, and whom a browser lets read them.
namespace tillhost::sumpd::webpos {

/// The status of an error. One that may have had an effect is 504 whatever it is: only the
/// operation's id tells, never the status.
int status_of(const base::Error& error);
/// {"error": {code, reaction, effect, text, device_code}}, as the contract has it.
http::Response error_answer(const base::Error& error);
http::Response json_answer(const contract::Value& body);

/// The answer to a browser's question whether a page may make a request (Fetch, section 4.8); with
/// Private Network Access. No origin but those that a token is for is told anything.
http::Response preflight_answer(const http::Request& request, WebTokens& tokens);
/// Whom the browser may show it to: the page of an origin that a token is for, never "*", and never
/// with cookies.
void add_cross_origin(const http::Request& request, WebTokens& tokens, http::Response& response);

}  // namespace tillhost::sumpd::webpos
