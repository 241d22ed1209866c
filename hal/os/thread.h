#pragma once

#include <pthread.h>

#include <functional>
#include <string>
#include <thread>
#include <utility>

namespace tillhost::os {

/// A named thread that is joined when this object goes. The body must end by itself once its owner
/// has told it to.
class Thread final {
public:
    /// `name` is shown by ps and debuggers; at most 15 bytes are kept.
    Thread(std::string name, std::function<void()> body)
        : thread_([name = name.substr(0, kNameBytesMax), body = std::move(body)] {
              ::pthread_setname_np(::pthread_self(), name.c_str());
              body();
          }) {}
    ~Thread() { join(); }
    Thread(const Thread&) = delete;
    Thread& operator=(const Thread&) = delete;

    void join() {
        if (thread_.joinable()) {
            thread_.join();
        }
    }

private:
    static constexpr std::size_t kNameBytesMax = 15;
    std::thread thread_;
};

}  // namespace tillhost::os
