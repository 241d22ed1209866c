#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "hal/base/result.h"

namespace tillhost::simulators::accounting {

/// Packs what comes in pieces into one gzip member.
class Gzip final {
public:
    /// Errors: system_failed.
    static base::Result<std::unique_ptr<Gzip>> create();
    ~Gzip();
    Gzip(const Gzip&) = delete;
    Gzip& operator=(const Gzip&) = delete;

    /// What is packed so far and was not given yet; `last` ends the member.
    std::string add(std::string_view bytes, bool last);

private:
    struct Stream;
    explicit Gzip(std::unique_ptr<Stream> stream);
    std::unique_ptr<Stream> stream_;
};

}  // namespace tillhost::simulators::accounting
