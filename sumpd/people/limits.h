#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "hal/os/log.h"
#include "sumpd/exchange/documents.h"
#include "sumpd/people/permissions.h"
#include "sumpd/store/store.h"

namespace tillhost::sumpd::people {

inline constexpr std::string_view kFlagUnknownUser = "user.unknown";
inline constexpr std::string_view kFlagOtherStore = "user.store";

/// Whoever a document is by: what was known of the person when it came.
struct Person {
    bool is_known = false;
    std::vector<std::string> stores{};                ///< none: all
    std::vector<exchange::Permission> permissions{};  ///< effective
};

/// Which limits a document breaks: names of leaves, or one of the words above; at most
/// exchange::kFlagsMax. Seen are kinds, returns, discounts and the largest return without receipt;
/// not: prices against the list, and what leaves no trace in a document. The whole discount of a
/// line counts, since a document does not tell which part of it was given by hand. Pure.
std::vector<std::string> flags_of(const exchange::Document& document, const Person& person);

/// The limits of all users as they can be seen now, kept in memory. A document is never refused for
/// them: the money was taken already. Any thread.
class Limits final {
public:
    /// The store outlives it.
    Limits(store::Store& store, const os::Logger& logger) : store_(store), logger_(logger) {}

    /// Of each document, blanks between; for store::Documents::put(). Blocks for the disk where
    /// users or roles may have changed; what cannot be read now is as it was read last.
    std::vector<std::string> flags_of(const exchange::PutDocuments& request);

private:
    struct Image;
    std::shared_ptr<const Image> image();

    store::Store& store_;
    const os::Logger logger_;
    std::mutex mutex_;
    std::shared_ptr<const Image> image_;  // guarded by mutex_
};

}  // namespace tillhost::sumpd::people
