#pragma once

namespace tillhost::drivers::shtrih {

/// Classic mistakes of drivers for this protocol, each behind a switch, so that the simulation can
/// show that it finds them. All are off wherever a real device is served.
struct KnownBugs {
    /// The answer is acknowledged first and made durable afterwards; a pending one is dropped.
    bool acknowledge_before_durable = false;
    /// After a lost acknowledgement the frame is sent again without asking (ENQ) what became of it;
    /// an answer that came instead is acknowledged and dropped, and the sum is not compared.
    bool resend_without_enq = false;
    /// Whatever answer comes is taken, without a look at the command it belongs to.
    bool accept_stale_answer = false;
    /// An open document is cancelled first of all: before evidence, identity and verdict.
    bool clean_up_before_verdict = false;
    /// What was not answered is sent again under a new number (numbered layer), as if an answer
    /// that was lost meant that nothing was done.
    bool renumber_unanswered = false;
    /// Irreversible bytes leave without a marker.
    bool skip_marker = false;
    /// Counters of another registrar are taken for a verdict.
    bool judge_another_device = false;
    /// No answer to the closing frame is reported as a failure without effect.
    bool timeout_is_failure = false;
};

}  // namespace tillhost::drivers::shtrih
