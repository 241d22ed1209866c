#pragma once

namespace tillhost::drivers::zvt {

/// Classic mistakes of tills that speak ZVT, each behind a switch, so that the simulation can show
/// that it finds them. All are off wherever a real terminal is served.
struct KnownBugs {
    /// A payment that was not answered, or whose line broke, is sent once more.
    bool resend_on_timeout = false;
    /// Results and prints are acknowledged first and made durable when the procedure is over.
    bool acknowledge_before_durable = false;
    /// The id of tag 1F1F is not taken from a result that was found again, and what the terminal
    /// says of its own last one is not looked at: it is told the one before.
    bool forget_trusted_id = false;
    /// 06 0F alone is taken for an approval of the amount that was asked for.
    bool trust_completion = false;
};

}  // namespace tillhost::drivers::zvt
