#pragma once

#include <string>
#include <string_view>

#include "ipc/http/message.h"

// Requests as a browser with cookies makes them, without a server.
namespace tillhost::http {

inline Request request_of(Method method, std::string_view path, std::string_view cookie = {}) {
    Request request;
    request.method = method;
    request.path = path;
    request.secure = true;
    request.headers = {{"Host", "till.example:15201"}};
    if (!cookie.empty()) {
        request.headers.push_back({"Cookie", std::string(cookie)});
    }
    return request;
}

/// What a browser sends back of a Set-Cookie.
inline std::string kept_cookie(std::string_view set_cookie) {
    return std::string(set_cookie.substr(0, set_cookie.find(';')));
}

}  // namespace tillhost::http
