#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "hal/base/bytes.h"

namespace tillhost::transport {

/// In which direction bytes passed a line.
enum class Way : std::uint8_t { to_device, from_device };

/// What stands in a recording where something is hidden.
inline constexpr std::byte kHidden{0x2A};

/// Hides in a line's traffic what must not reach a disk: marking codes, contacts of customers, tax
/// numbers, passwords. It knows the protocol and belongs to a driver; the recorder asks it before
/// it writes, and the replayer before it compares.
///
/// What it is in doubt about it hides: damaged frames, commands and tags that it does not know.
class Redactor {
public:
    virtual ~Redactor() = default;

    /// Replaces in place, by kHidden, what must not be read, and makes checksums fit again that
    /// fitted before (a wrong one stays wrong). `bytes` passed in this direction and are not yet
    /// settled, oldest first. Returns how many at the front are settled now: they are final, and
    /// only among them something was changed. The others are given again with more behind them.
    /// With `complete` nothing will follow, and all of them are settled. Total; to do it twice
    /// changes nothing.
    virtual std::size_t settle(Way way, std::span<std::byte> bytes, bool complete) = 0;
};

/// For a protocol that carries nothing to hide.
class NothingToHide final : public Redactor {
public:
    std::size_t settle(Way, std::span<std::byte> bytes, bool) override { return bytes.size(); }
};

using MakeRedactor = std::unique_ptr<Redactor> (*)();

/// Bytes that a redactor may leave unsettled; beyond them it is told that nothing follows.
inline constexpr std::size_t kUnsettledBytesMax = 8192;

/// Hands the bytes of both directions to a redactor and keeps what it has not settled yet.
class Masker final {
public:
    explicit Masker(std::unique_ptr<Redactor> redactor) : redactor_(std::move(redactor)) {}

    /// Bytes passed. Returns those that are settled now, this way's oldest first.
    base::Bytes add(Way way, base::ByteView bytes);
    /// Nothing more comes: returns all that are left.
    base::Bytes finish(Way way);

private:
    base::Bytes settle(Way way, bool complete);

    std::unique_ptr<Redactor> redactor_;
    std::array<base::Bytes, 2> unsettled_;
};

}  // namespace tillhost::transport
