#include "hal/drivers/fiscal/shtrih/link_auto.h"

#include "hal/drivers/fiscal/shtrih/link_numbered.h"
#include "hal/drivers/fiscal/shtrih/link_standard.h"

namespace tillhost::drivers::shtrih {

using base::Done;
using base::ErrorCode;

AutoLink::AutoLink(transport::Transport& line, const os::Clock& clock, KnownBugs bugs,
                   LinkLayer first)
    : first_(std::make_unique<StandardLink>(line, clock, bugs, kTriesUnsure)),
      second_(std::make_unique<NumberedLink>(line, clock, bugs, kTriesUnsure)) {
    if (first == LinkLayer::numbered) {
        std::swap(first_, second_);
    }
}

void AutoLink::set_old_answer_witness(Witness witness) {
    first_->set_old_answer_witness(witness);
    second_->set_old_answer_witness(std::move(witness));
}

Done AutoLink::find(os::Deadline deadline) {
    base::Error last =
        base::make_error(ErrorCode::no_answer,
                         "the registrar reacts neither to ENQ nor to a ping of numbered frames");
    for (int round = 0; round < kFindRounds; ++round) {
        for (Link* link : {first_.get(), second_.get()}) {
            Done collected = link->collect(deadline);
            if (collected) {
                found_ = link;
                return {};
            }
            if (collected.error().code == ErrorCode::frame_damaged) {
                last = collected.error();  // somebody is there: worth more than the other's silence
            } else if (collected.error().code != ErrorCode::no_answer) {
                return collected;
            }
        }
    }
    return last;
}

Done AutoLink::collect(os::Deadline deadline) {
    return found_ == nullptr ? find(deadline) : found_->collect(deadline);
}

base::Result<base::Bytes> AutoLink::ask(const Question& question, os::Deadline deadline) {
    if (found_ == nullptr) {
        TRY(find(deadline));
    }
    return found_->ask(question, deadline);
}

base::Result<std::int64_t> AutoLink::next_number(os::Deadline deadline) {
    if (found_ == nullptr) {
        TRY(find(deadline));
    }
    return found_->next_number(deadline);
}

Done AutoLink::rest(os::Instant until) { return first_->rest(until); }

std::optional<os::Instant> AutoLink::last_once() const {
    return found_ == nullptr ? std::nullopt : found_->last_once();
}

std::unique_ptr<Link> make_link(LinkLayer layer, LinkLayer before, transport::Transport& line,
                                const os::Clock& clock, KnownBugs bugs) {
    switch (layer) {
        case LinkLayer::standard: return std::make_unique<StandardLink>(line, clock, bugs);
        case LinkLayer::numbered: return std::make_unique<NumberedLink>(line, clock, bugs);
        case LinkLayer::automatic: break;
    }
    return std::make_unique<AutoLink>(line, clock, bugs, before);
}

}  // namespace tillhost::drivers::shtrih
