#pragma once

#include <set>
#include <string>

#include "hal/base/result.h"
#include "sumpd/exchange/operations.h"

namespace tillhost::sumpd::store {

/// The bytes of messages: folder "in" has the parts that came, "out" the frozen message. A file is
/// whole or not there, never changed, and means something only while a row names it; what no row
/// names is a leftover of a kill and goes at the start.
class PartFiles final {
public:
    /// Makes the folders. Errors: system_failed.
    static base::Result<PartFiles> open(const std::string& folder);

    /// Names hold the hash, so that a part that comes again with other bytes is another file.
    static std::string in_name(const exchange::Uuid& message, std::int64_t part_no,
                               const std::string& sha256);
    static std::string out_name(const exchange::Uuid& message);
    std::string in_path(const std::string& name) const { return in_ + "/" + name; }
    std::string out_path(const std::string& name) const { return out_ + "/" + name; }

    /// Removes all that is not named. Errors: system_failed.
    base::Done keep_only(const std::set<std::string>& in, const std::set<std::string>& out) const;

private:
    explicit PartFiles(const std::string& folder) : in_(folder + "/in"), out_(folder + "/out") {}
    std::string in_;
    std::string out_;
};

}  // namespace tillhost::sumpd::store
