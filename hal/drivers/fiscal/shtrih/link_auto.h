#pragma once

#include <memory>
#include <utility>

#include "hal/drivers/fiscal/shtrih/known_bugs.h"
#include "hal/drivers/fiscal/shtrih/link.h"
#include "hal/transport/transport.h"

namespace tillhost::drivers::shtrih {

/// Enquiries, and pings, of one try while the layer is not known: 3.5 s, longer than a device is
/// deaf after closing a document (README.md, "Odd behaviour").
inline constexpr int kTriesUnsure = 5;
/// How often both layers are tried.
inline constexpr int kFindRounds = 2;

/// Finds out which layer the device speaks, with the first collect() or ask(), and then is that
/// layer.
///
/// A device takes the layer from the first byte that it hears after its start and keeps it. So ENQ,
/// which every device knows, comes first, and the numbered layer's ping only where ENQ was answered
/// by silence: a device of the standard layer would answer it with NAK.
class AutoLink final : public Link {
public:
    /// `first` is tried first: what this line spoke before. Line and clock outlive the link.
    AutoLink(transport::Transport& line, const os::Clock& clock, KnownBugs bugs, LinkLayer first);

    LinkLayer layer() const override { return found_ ? found_->layer() : LinkLayer::automatic; }
    void set_old_answer_witness(Witness witness) override;
    base::Done collect(os::Deadline deadline) override;
    base::Result<base::Bytes> ask(const Question& question, os::Deadline deadline) override;
    base::Done rest(os::Instant until) override;
    std::optional<os::Instant> last_once() const override;
    base::Result<std::int64_t> next_number(os::Deadline deadline) override;

private:
    base::Done find(os::Deadline deadline);

    std::unique_ptr<Link> first_;
    std::unique_ptr<Link> second_;
    Link* found_ = nullptr;
};

/// A link of this layer, or one that finds it, beginning with `before`.
std::unique_ptr<Link> make_link(LinkLayer layer, LinkLayer before, transport::Transport& line,
                                const os::Clock& clock, KnownBugs bugs);

}  // namespace tillhost::drivers::shtrih
