#include "ipc/panel/login_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "hal/os/files.h"
#include "hal/os/random.h"

namespace tillhost::panel {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

namespace {

constexpr std::size_t kFileBytesMax = 4096;
constexpr unsigned kFileMode = 0600;
constexpr int kTokenWords = 3;  ///< of 64 bits

bool is_there(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

/// The text up to the end of its line, which is taken from `rest`.
std::string take_line(std::string& rest) {
    const std::size_t end = rest.find('\n');
    std::string line = rest.substr(0, end);
    rest.erase(0, end == std::string::npos ? rest.size() : end + 1);
    return line;
}

}  // namespace

LoginFile::LoginFile(const std::string& folder, std::string reset)
    : path_(folder + "/web-login"), token_path_(folder + "/web-token"), reset_(std::move(reset)) {}

Result<std::optional<Login>> LoginFile::read() const {
    if (!is_there(path_)) {
        return std::optional<Login>();
    }
    std::string rest = base::string_of(TRY(os::read_file(path_, kFileBytesMax)));
    Login login;
    login.user = take_line(rest);
    login.hash = take_line(rest);
    if (login.user.empty() || login.hash.empty() || !rest.empty()) {
        return make_error(ErrorCode::config_invalid,
                          path_ + " is damaged: " + reset_ + " makes a new one");
    }
    return std::optional(login);
}

Done LoginFile::write(const Login& login) const {
    const std::string content = login.user + "\n" + login.hash + "\n";
    TRY(os::write_atomically(path_, base::bytes_of(content), kFileMode));
    return is_there(token_path_) ? os::remove_file(token_path_) : Done();
}

Result<std::string> LoginFile::token() const {
    if (is_there(token_path_)) {
        std::string rest = base::string_of(TRY(os::read_file(token_path_, kFileBytesMax)));
        if (std::string kept = take_line(rest); !kept.empty()) {
            return kept;
        }
    }
    std::string made;
    for (int i = 0; i < kTokenWords; ++i) {
        made += fmt::format("{:016x}", os::random_u64());
    }
    TRY(os::write_atomically(token_path_, base::bytes_of(made + "\n"), kFileMode));
    return made;
}

Done LoginFile::remove() const { return is_there(path_) ? os::remove_file(path_) : Done(); }

}  // namespace tillhost::panel
