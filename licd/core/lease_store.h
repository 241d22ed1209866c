#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hal/base/ids.h"
#include "ipc/contract/licence.h"

namespace tillhost::licd::core {

/// How far the leases have been written: the number of the last change handed to the store. An
/// answer leaves only when the position that it depends on is durable.
using Position = std::uint64_t;

/// Who has a lease.
struct Holder {
    std::string instance;
    std::string program;
    std::string program_version;
    std::string user;
    std::string computer;
    std::string terminal_session;

    /// Names the station; empty if it is not known, and then nothing is shared.
    std::string station() const;
    friend bool operator==(const Holder&, const Holder&) = default;
};

/// All that is kept of one lease.
struct LeaseRow {
    std::uint64_t number = 0;
    std::uint64_t generation =
        0;  ///< of the seat: number of the lease that took it when it was free
    base::OperationId request_id;
    std::string key;  ///< serial
    std::string licence;
    std::int64_t seat = 0;  ///< from 1; 0 = uncounted
    std::string share;      ///< whoever comes with the same one sits on the same seat
    Holder holder;
    std::int64_t since_ms = 0;  ///< Unix time, for people
    /// Taken away; its seat is free when the holder knows it or the promised time is over.
    std::optional<contract::LicenceEnd> taken{};
    std::optional<contract::LicenceEnd> ended{};  ///< kept for a while for the same request again
    friend bool operator==(const LeaseRow&, const LeaseRow&) = default;
};

/// One change, atomic.
struct LeaseChange {
    /// Whole rows. A lease is put first with neither `taken` nor `ended`; later only these change.
    std::vector<LeaseRow> put;
    std::vector<std::uint64_t> forget;  ///< numbers
    std::uint64_t last_number = 0;      ///< the largest number given so far
};

/// What a start reads back: everything durable, nothing else.
struct LeaseImage {
    std::vector<LeaseRow> leases;  ///< any order
    std::uint64_t last_number = 0;
};

/// Where leases are kept. Called by the core's thread only; write() never blocks on the disk.
class LeaseStore {
public:
    virtual ~LeaseStore() = default;
    /// Queues a change and gives it the next position. Changes become durable in this order. A
    /// failed commit ends the process: nobody is told what is not on disk.
    virtual Position write(LeaseChange change) = 0;
    virtual Position durable() const = 0;
    /// False when the disk has too little room for new leases.
    virtual bool has_room() const = 0;
};

}  // namespace tillhost::licd::core
