#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "hal/os/descriptor.h"

namespace tillhost::licd::web {

/// Who came in to the panel, on its way from the threads of the HTTP server to whoever keeps the
/// acts, which is one thread.
class SignIns final {
public:
    struct One {
        std::string act;   ///< as panel::Entrance names it
        std::string user;  ///< the login's, as plain_user() writes it
        std::string from;  ///< address
    };
    /// Far more than can be checked while the other thread does one turn.
    static constexpr std::size_t kWaitingMax = 256;

    /// Errors: system_failed.
    static base::Result<std::unique_ptr<SignIns>> create();

    /// One beyond kWaitingMax is left out; it is in the log. Any thread.
    void put(std::string_view act, std::string_view user, std::string_view from);
    /// All that came since the last time, in their order. Any thread.
    std::vector<One> take();
    /// Readable when something came.
    int fd() const { return came_.fd(); }

private:
    explicit SignIns(os::Wakeup came) : came_(std::move(came)) {}

    os::Wakeup came_;
    std::mutex lock_;
    std::vector<One> waiting_;
};

}  // namespace tillhost::licd::web
