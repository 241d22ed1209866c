#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "hal/os/clock.h"
#include "simulators/core/fiscal_store.h"

namespace tillhost::simulators::zvt {

/// What becomes of an approved payment that the till has not confirmed.
enum class Policy : std::uint8_t {
    reverse,  ///< the terminal takes it back by itself (PA00P015 2.2.8)
    keep,     ///< it stands; the next command's tag 1F1F may take it back (PA00P015 chapter 4)
    decline,  ///< it is set to declined at once (an Austrian acquirer)
};

/// What a command meets that comes while the terminal is master.
enum class Busy : std::uint8_t { ignore, wait, refuse };  ///< nothing, 84 9C, 84 83

/// A terminal as it leaves its acquirer. Everything has a value that works.
struct ZvtOptions {
    std::uint64_t seed = 1;
    /// The terminal's clock where Instant is zero, milliseconds since 1970, no zone.
    std::int64_t clock_ms_at_zero = 1'780'000'000'000;
    std::string terminal_id = "28004869";  ///< 8 digits
    std::string password{};                ///< 6 digits; empty: any is right
    std::string software = "2.14.15";      ///< of the status enquiry
    std::string merchant = "TESTSHOP";
    std::uint16_t currency = 978;       ///< the only one that it takes, by its number in ISO 4217
    std::string currency_name = "EUR";  ///< as its receipts name it
    bool needs_registration = true;     ///< else a payment is taken without one
    bool sync_ids = false;              ///< sends tag 1F1F; always so where the policy is keep
    bool tcp = true;                    ///< else the serial procedure
    Policy policy = Policy::reverse;
    Busy busy = Busy::ignore;

    os::Duration card_time =
        std::chrono::milliseconds(200);  ///< until a card is in and the PIN given
    os::Duration host_time = std::chrono::milliseconds(300);       ///< until the host has answered
    os::Duration reversal_time = std::chrono::milliseconds(2000);  ///< an automatic reversal
    os::Duration work_time =
        std::chrono::milliseconds(50);                    ///< diagnosis, initialisation, day's end
    os::Duration confirm_time = std::chrono::seconds(5);  ///< T3
    os::Duration idle_time{};  ///< without a byte it closes the socket; 0: never

    /// Shared, because the memory outlives the simulator; a new one in memory if null.
    std::shared_ptr<FiscalStore> store{};
};

}  // namespace tillhost::simulators::zvt
