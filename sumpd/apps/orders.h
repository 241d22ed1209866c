#pragma once

#include <functional>
#include <string>
#include <vector>

#include "hal/base/result.h"
#include "hal/os/clock.h"
#include "sumpd/exchange/fault.h"

// Orders that are given beside the running server, by whoever may write to its folder: a file
// ID.order with the words of the order, a line each; its answer is ID.answer, the first line of
// which says "done" or "refused".
namespace tillhost::sumpd::apps {

inline constexpr std::size_t kOrderBytesMax = 4096;
inline constexpr std::size_t kAnswerBytesMax = 8 * 1024 * 1024;
/// How long who gives an order waits for the answer.
inline constexpr os::Duration kOrderTime = std::chrono::seconds(15);
/// How often the server looks for one.
inline constexpr os::Duration kOrdersLookedAtEvery = std::chrono::milliseconds(250);
/// Orders of one look.
inline constexpr std::size_t kOrdersAtOnceMax = 16;

/// Gives an order and waits for its answer, which is returned. Errors: no_daemon (no sumpd has
/// taken it; it is taken back), wrong_state (refused, with the server's words), deadline_passed
/// (it was taken and not answered: look how it stands before giving it again), bad_field (the words
/// are too long or have several lines), system_failed, storage_full.
base::Result<std::string> give_order(const std::string& folder,
                                     const std::vector<std::string>& words, os::Clock& clock);

/// A file that root has made in a service's folder is that service's.
base::Done give_to_owner_of(const std::string& folder, const std::string& path);

/// The server's end.
class Orders final {
public:
    /// What an order yields, in words for people.
    using CarryOut =
        std::function<exchange::Outcome<std::string>(const std::vector<std::string>& words)>;
    /// Answers of before that nobody has fetched go.
    Orders(std::string folder, CarryOut carry_out);

    /// Carries out what is there, at most kOrdersAtOnceMax, each once at most: it is renamed to
    /// ID.taken before. Of one that a kill came across nobody is told; who gave it looks.
    void look();

private:
    void take(const std::string& name);

    const std::string folder_;
    const CarryOut carry_out_;
};

}  // namespace tillhost::sumpd::apps
