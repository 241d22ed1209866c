#include "tests/simulation/bugs.h"

#include <utility>

namespace tillhost::simulation {
namespace {

Bugs bug(std::string name, Drivers where) {
    Bugs bugs;
    bugs.name = std::move(name);
    bugs.drivers = where;
    return bugs;
}

std::vector<Bugs> list_bugs() {
    std::vector<Bugs> all;
    all.push_back(bug("marker_skipped", Drivers::mixed));
    all.back().core.skip_marker = true;
    all.push_back(bug("timeout_is_failed", Drivers::mixed));
    all.back().core.timeout_is_failed = true;
    all.back().toy.timeout_is_failed = true;
    all.back().shtrih.timeout_is_failure = true;
    all.push_back(bug("acknowledge_before_durable", Drivers::shtrih));
    all.back().shtrih.acknowledge_before_durable = true;
    all.push_back(bug("resend_without_enq", Drivers::shtrih));
    all.back().shtrih.resend_without_enq = true;
    all.push_back(bug("renumber_unanswered", Drivers::shtrih));
    all.back().shtrih.renumber_unanswered = true;
    all.push_back(bug("stale_answer", Drivers::mixed));
    all.back().toy.accept_stale_answer = true;
    all.back().shtrih.accept_stale_answer = true;
    all.push_back(bug("reply_before_commit", Drivers::mixed));
    all.back().core.reply_before_commit = true;
    all.push_back(bug("two_hosts", Drivers::toy));
    all.back().core.two_hosts = true;
    all.push_back(bug("verdict_on_swapped", Drivers::mixed));
    all.back().core.verdict_on_swapped = true;
    all.back().toy.verdict_on_swapped = true;
    all.back().shtrih.judge_another_device = true;
    all.push_back(bug("clean_up_before_verdict", Drivers::shtrih));
    all.back().shtrih.clean_up_before_verdict = true;
    all.push_back(bug("stale_session", Drivers::mixed));
    all.back().core.accept_stale_session = true;
    all.push_back(bug("zvt_resend_on_timeout", Drivers::zvt));
    all.back().zvt.resend_on_timeout = true;
    all.push_back(bug("zvt_acknowledge_before_durable", Drivers::zvt));
    all.back().zvt.acknowledge_before_durable = true;
    all.push_back(bug("zvt_forget_trusted_id", Drivers::zvt));
    all.back().zvt.forget_trusted_id = true;
    all.push_back(bug("zvt_trust_completion", Drivers::zvt));
    all.back().zvt.trust_completion = true;
    all.push_back(bug("skip_preflight", Drivers::sale));
    all.back().core.skip_preflight = true;
    all.push_back(bug("reverse_in_doubt", Drivers::sale));
    all.back().core.reverse_in_doubt = true;
    return all;
}

}  // namespace

const std::vector<Bugs>& known_bugs() {
    static const std::vector<Bugs> all = list_bugs();
    return all;
}

}  // namespace tillhost::simulation
