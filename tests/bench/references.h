#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "hal/base/bytes.h"
#include "hal/base/result.h"
#include "hal/os/descriptor.h"
#include "hal/os/process.h"
#include "tests/bench/machine.h"

namespace tillhost::bench {

/// What a question costs with nothing but libzmq: REQ here, REP in another process, ipc, 64 bytes.
class PingPong final {
public:
    static constexpr std::size_t kBytes = 64;

    /// `folder` is where the socket is made. Errors: system_failed.
    static base::Result<std::unique_ptr<PingPong>> start(const std::string& folder,
                                                         const Processors& processors);
    ~PingPong();
    PingPong(const PingPong&) = delete;
    PingPong& operator=(const PingPong&) = delete;

    /// There and back. Errors: system_failed.
    base::Done once();

    /// The other process: answers until it is killed.
    static int answer(const std::string& address);

private:
    PingPong() = default;
    void* context_ = nullptr;
    void* socket_ = nullptr;
    std::unique_ptr<os::Child> pong_;
};

/// What a durable row costs with nothing but SQLite, set up like the operation book: WAL,
/// synchronous = FULL, one new row a transaction, of 1 KB unless another size is said.
class Commits final {
public:
    static constexpr int kRowBytes = 1000;
    static base::Result<std::unique_ptr<Commits>> open(const std::string& folder,
                                                       const std::string& name,
                                                       int row_bytes = kRowBytes);
    ~Commits();
    Commits(const Commits&) = delete;
    Commits& operator=(const Commits&) = delete;
    base::Done once();

private:
    struct Parts;
    explicit Commits(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

/// What the disk alone costs: 4 KB behind the end of a file, then fdatasync.
class Syncs final {
public:
    static base::Result<std::unique_ptr<Syncs>> open(const std::string& folder);
    base::Done once();

private:
    explicit Syncs(os::Descriptor file) : file_(std::move(file)) {}
    os::Descriptor file_;
    base::Bytes page_ = base::Bytes(4096, std::byte{1});
};

}  // namespace tillhost::bench
