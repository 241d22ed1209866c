#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <string>

namespace tillhost::http {

/// Counts connections against the limits. Belongs to one thread, but for count().
class Places final {
public:
    /// Connections over the limits that are still told so.
    static constexpr std::size_t kRefusedMax = 32;

    Places(std::size_t all_max, std::size_t per_address_max)
        : all_max_(all_max), per_address_max_(per_address_max) {}

    std::size_t count() const { return count_; }

private:
    friend class Place;
    std::size_t all_max_;
    std::size_t per_address_max_;
    std::map<std::string, std::size_t> per_address_;
    std::size_t refused_ = 0;
    std::atomic<std::size_t> count_ = 0;
};

enum class Admission { served, refused, dropped };

/// One connection's place for as long as this object lives; `Places` outlives it.
class Place final {
public:
    Place(Places& places, std::string address);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    /// refused: over a limit, to be told so; dropped: over it, with too many being told already.
    Admission admission() const { return admission_; }

private:
    Places& places_;
    std::string address_;
    Admission admission_ = Admission::served;
};

}  // namespace tillhost::http
