#include "sumpd/apps/orders.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "hal/os/files.h"
#include "sumpd/store/new_uuid.h"

namespace tillhost::sumpd::apps {

namespace {

constexpr unsigned kFileMode = 0600;
constexpr os::Duration kLookedForEvery = std::chrono::milliseconds(50);
constexpr std::string_view kDone = "done\n";
constexpr std::string_view kRefused = "refused\n";

bool is_there(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

base::Result<std::string> answer_in(const std::string& path) {
    const std::string text = base::string_of(TRY(os::read_file(path, kAnswerBytesMax)));
    static_cast<void>(os::remove_file(path));
    if (text.starts_with(kDone)) {
        return text.substr(kDone.size());
    }
    return base::make_error(base::ErrorCode::wrong_state,
                            text.substr(std::min(text.find('\n') + 1, text.size())));
}

}  // namespace

base::Done give_to_owner_of(const std::string& folder, const std::string& path) {
    struct stat about {};
    if (::stat(folder.c_str(), &about) == 0 && ::geteuid() != about.st_uid &&
        ::chown(path.c_str(), about.st_uid, about.st_gid) != 0) {
        return base::make_error(base::ErrorCode::system_failed,
                                path + " cannot be given to sumpd's user");
    }
    return {};
}

base::Result<std::string> give_order(const std::string& folder,
                                     const std::vector<std::string>& words, os::Clock& clock) {
    std::string text;
    for (const std::string& word : words) {
        if (word.find('\n') != std::string::npos) {
            return base::bad_field(word, "one line");
        }
        text += word + "\n";
    }
    if (text.size() > kOrderBytesMax) {
        return base::bad_field(words.front(), fmt::format("at most {} bytes", kOrderBytesMax));
    }
    const std::string path = fmt::format("{}/{}", folder, store::new_uuid());
    TRY(os::write_atomically(path + ".order", base::bytes_of(text), kFileMode));
    TRY(give_to_owner_of(folder, path + ".order"));
    for (const os::Deadline until = clock.now() + kOrderTime; clock.now() < until;) {
        if (is_there(path + ".answer")) {
            return answer_in(path + ".answer");
        }
        clock.sleep_until(clock.now() + kLookedForEvery);
    }
    if (::unlink((path + ".order").c_str()) == 0 && !is_there(path + ".answer")) {
        return base::make_error(base::ErrorCode::no_daemon,
                                "no sumpd works on " + folder + "; start it, then try again");
    }
    return base::make_error(base::ErrorCode::deadline_passed,
                            "sumpd has taken the order and not answered; look how it stands");
}

Orders::Orders(std::string folder, CarryOut carry_out)
    : folder_(std::move(folder)), carry_out_(std::move(carry_out)) {
    for (const std::string end : {".answer", ".taken"}) {
        const auto old = os::list_files(folder_, end);
        for (const std::string& name : old ? *old : std::vector<std::string>()) {
            static_cast<void>(os::remove_file(folder_ + "/" + name));
        }
    }
}

void Orders::look() {
    const auto names = os::list_files(folder_, ".order");
    if (!names) {
        return;
    }
    for (std::size_t i = 0; i < std::min(names->size(), kOrdersAtOnceMax); ++i) {
        take((*names)[i]);
    }
}

void Orders::take(const std::string& name) {
    const std::string stem =
        folder_ + "/" + name.substr(0, name.size() - std::string_view(".order").size());
    const std::string path = stem + ".taken";
    if (::rename((folder_ + "/" + name).c_str(), path.c_str()) != 0) {
        return;  // it was taken back
    }
    const auto bytes = os::read_file(path, kOrderBytesMax);
    const auto words = bytes ? lines_of(base::string_of(*bytes)) : std::vector<std::string>();
    const auto yield = words.empty() ? exchange::refuse(exchange::FaultCode::bad_request,
                                                        "the order cannot be read")
                                     : carry_out_(words);
    const std::string answer =
        yield ? std::string(kDone) + *yield : std::string(kRefused) + yield.error().message;
    static_cast<void>(os::write_atomically(stem + ".answer", base::bytes_of(answer), kFileMode));
    static_cast<void>(os::remove_file(path));
}

}  // namespace tillhost::sumpd::apps
