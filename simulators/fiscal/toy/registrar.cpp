#include "simulators/fiscal/toy/registrar.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hal/base/money.h"
#include "simulators/core/checksum.h"
#include "simulators/core/document_codec.h"
#include "simulators/core/wired_registrar.h"

namespace tillhost::simulators::toy {
namespace {

using base::Bytes;
using base::ByteView;

enum class Command : std::uint8_t { identify = 1, counters = 2, register_total = 3, document = 4 };

enum class Status : std::uint8_t {
    ok = 0,
    unknown_command = 1,
    bad_length = 2,
    refused = 3,
    no_paper = 4,
    memory_full = 5,
};

constexpr std::size_t kSerialBytes = 8;

/// A frame: a length, that many bytes, a check.
class Tracker final : public FrameTracker {
public:
    Step feed(std::byte byte) override {
        if (left_ == 0) {
            left_ = base::to_unsigned(byte) + 1;
            return {.begins = true, .frame = true};
        }
        --left_;
        return {.ends = left_ == 0, .frame = true};
    }
    void reset() override { left_ = 0; }

private:
    unsigned left_ = 0;
};

std::int64_t clock_ms(const ToyOptions& options, os::Instant now) {
    const auto since =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
    return options.clock_ms_at_zero + since.count();
}

class ToyRegistrar final : public FiscalSimulator {
public:
    ToyRegistrar(ToyOptions options, std::vector<FiscalDocument> documents,
                 std::vector<std::string> tape)
        : options_(std::move(options)), documents_(std::move(documents)), tape_(std::move(tape)) {
        for (const FiscalDocument& document : documents_) {
            total_ += document.total_minor;
        }
        options_.serial.resize(kSerialBytes, '0');
    }

    void receive(ByteView bytes, os::Instant now) override;
    void advance(os::Instant now) override;
    std::optional<os::Instant> next_event() const override;
    Bytes take_output() override { return std::exchange(output_, {}); }
    void power(bool on, os::Instant now) override;
    bool powered() const override { return powered_; }

    const std::vector<FiscalDocument>& documents() const override { return documents_; }
    const std::vector<std::string>& tape() const override { return tape_; }
    FiscalState state() const override;
    base::Done inject(const Fault& fault, os::Instant now) override;

private:
    Bytes execute(ByteView message, os::Instant now);
    Bytes register_total(base::ByteReader& reader, os::Instant now);
    Bytes find_document(base::ByteReader& reader) const;
    base::Result<std::uint32_t> add_document(std::int64_t total, std::uint64_t tag,
                                             os::Instant now);

    ToyOptions options_;
    std::vector<FiscalDocument> documents_;
    std::vector<std::string> tape_;
    std::int64_t total_ = 0;
    bool powered_ = true;
    bool paper_ = true;
    Bytes input_;
    os::Instant last_byte_{};
    std::optional<os::Instant> ready_at_;  ///< the command in input_ is done then
    Bytes output_;
    std::int64_t clock_shift_ms_ = 0;
    std::string failure_;
};

Bytes answer(unsigned command, Status status, const base::ByteWriter& data = {}) {
    base::ByteWriter frame;
    frame.u8(2 + data.bytes().size()).u8(command).u8(static_cast<std::uint8_t>(status));
    frame.raw(data.bytes());
    frame.u8(base::to_unsigned(xor_of(frame.bytes())));
    return frame.take();
}

void ToyRegistrar::receive(ByteView bytes, os::Instant now) {
    advance(now);
    for (const std::byte byte : bytes) {
        if (!powered_ || ready_at_) {
            continue;
        }
        if (!input_.empty() && now - last_byte_ > kByteTimeout) {
            input_.clear();
        }
        last_byte_ = now;
        input_.push_back(byte);
        const std::size_t length = base::to_unsigned(input_.front());
        if (input_.size() < length + 2) {
            continue;
        }
        if (length == 0 || xor_of(input_) != std::byte{0}) {
            input_.clear();
            continue;
        }
        const bool registers =
            base::to_unsigned(input_[1]) == static_cast<unsigned>(Command::register_total);
        ready_at_ = now + (registers ? kRegisterTime : kReadTime);
    }
}

void ToyRegistrar::advance(os::Instant now) {
    if (ready_at_ && *ready_at_ <= now) {
        ready_at_.reset();
        const Bytes frame = std::exchange(input_, {});
        output_ = execute(ByteView(frame).subspan(1, frame.size() - 2), now);
    }
}

std::optional<os::Instant> ToyRegistrar::next_event() const { return ready_at_; }

void ToyRegistrar::power(bool on, os::Instant now) {
    advance(now);
    powered_ = on && failure_.empty();
    input_.clear();
    ready_at_.reset();
    output_.clear();
}

Bytes ToyRegistrar::execute(ByteView message, os::Instant now) {
    base::ByteReader reader(message);
    const unsigned command = reader.u8();
    base::ByteWriter data;
    switch (static_cast<Command>(command)) {
        case Command::identify:
            if (reader.left() != 0) {
                return answer(command, Status::bad_length);
            }
            return answer(command, Status::ok, data.raw(base::bytes_of(options_.serial)));
        case Command::counters:
            if (reader.left() != 0) {
                return answer(command, Status::bad_length);
            }
            data.u32_le(documents_.size()).uint_le(static_cast<std::uint64_t>(total_), 8);
            return answer(command, Status::ok, data);
        case Command::register_total: return register_total(reader, now);
        case Command::document: return find_document(reader);
    }
    return answer(command, Status::unknown_command);
}

Bytes ToyRegistrar::register_total(base::ByteReader& reader, os::Instant now) {
    constexpr unsigned kCommand = static_cast<unsigned>(Command::register_total);
    const auto total = static_cast<std::int64_t>(reader.uint_le(8));
    const std::uint64_t tag = reader.uint_le(8);
    if (reader.failed() || reader.left() != 0) {
        return answer(kCommand, Status::bad_length);
    }
    if (total == 0 || total > kTotalMinorMax || total < -kTotalMinorMax) {
        return answer(kCommand, Status::refused);
    }
    if (!paper_) {
        return answer(kCommand, Status::no_paper);
    }
    if (documents_.size() >= 0xFFFFFFFFU) {
        return answer(kCommand, Status::memory_full);
    }
    const auto number = add_document(total, tag, now);
    if (!number) {
        return {};
    }
    return answer(kCommand, Status::ok, base::ByteWriter().u32_le(*number));
}

Bytes ToyRegistrar::find_document(base::ByteReader& reader) const {
    constexpr unsigned kCommand = static_cast<unsigned>(Command::document);
    const std::uint32_t number = reader.u32_le();
    if (reader.failed() || reader.left() != 0) {
        return answer(kCommand, Status::bad_length);
    }
    if (number == 0 || number > documents_.size()) {
        return answer(kCommand, Status::refused);
    }
    const FiscalDocument& document = documents_[number - 1];
    base::ByteWriter data;
    data.u32_le(number).uint_le(static_cast<std::uint64_t>(document.total_minor), 8);
    return answer(kCommand, Status::ok, data.uint_le(document.tag, 8));
}

base::Result<std::uint32_t> ToyRegistrar::add_document(std::int64_t total, std::uint64_t tag,
                                                       os::Instant now) {
    FiscalDocument document;
    document.operation = total < 0 ? FiscalOperation::sale_return : FiscalOperation::sale;
    document.number = static_cast<std::uint32_t>(documents_.size() + 1);
    document.device_number = document.number;
    document.total_minor = total;
    document.tag = tag;
    document.date_time_ms = clock_ms(options_, now) + clock_shift_ms_;
    const std::string line =
        fmt::format("#{} {} tag {}", document.number, base::minor_to_text(total, 2), tag);
    const Bytes record = encode_document(document);
    if (auto done = options_.store->commit(
            {.documents = std::span(&record, 1), .tape = std::span(&line, 1)});
        !done) {
        failure_ = base::to_text(done.error());
        powered_ = false;
        return done.error();
    }
    total_ += total;
    documents_.push_back(document);
    tape_.push_back(line);
    return document.number;
}

FiscalState ToyRegistrar::state() const {
    FiscalState state;
    state.serial = options_.serial;
    state.fiscal_memory = options_.serial;
    state.mode = ready_at_ ? "executing" : "idle";
    state.powered = powered_;
    state.paper = paper_;
    state.last_document_number = static_cast<std::uint32_t>(documents_.size());
    state.cash_minor = total_;
    state.clock_ms = options_.clock_ms_at_zero + clock_shift_ms_;
    state.failure = failure_;
    return state;
}

base::Done ToyRegistrar::inject(const Fault& fault, os::Instant now) {
    if (fault.kind == FaultKind::clear) {
        return {};
    }
    if (fault.kind == FaultKind::paper_out || fault.kind == FaultKind::paper_in) {
        paper_ = fault.kind == FaultKind::paper_in;
        return {};
    }
    if (fault.kind == FaultKind::clock_shift) {
        clock_shift_ms_ += fault.ms;
        return {};
    }
    if (fault.kind == FaultKind::swap_device) {
        options_.serial = fault.serial;
        options_.serial.resize(kSerialBytes, '0');
        return {};
    }
    if (fault.kind == FaultKind::other_master) {
        for (std::int64_t i = 0; i < fault.count; ++i) {
            TRY(add_document(fault.total, 0, now));
        }
        return {};
    }
    return base::make_error(base::ErrorCode::not_supported,
                            fmt::format("the toy registrar has no {}", name_of(fault.kind)));
}

}  // namespace

base::Result<std::unique_ptr<FiscalSimulator>> make_toy_registrar(const ToyOptions& options) {
    ToyOptions own = options;
    if (!own.store) {
        own.store = std::make_shared<MemoryFiscalStore>();
    }
    FiscalStore::Content content = TRY(own.store->load());
    std::vector<FiscalDocument> documents;
    for (const Bytes& record : content.documents) {
        auto document = decode_document(record);
        if (!document || document->number != documents.size() + 1) {
            return base::make_error(base::ErrorCode::storage_failed,
                                    "not a toy registrar's memory");
        }
        documents.push_back(std::move(*document));
    }
    auto registrar =
        std::make_unique<ToyRegistrar>(own, std::move(documents), std::move(content.tape));
    std::unique_ptr<FiscalSimulator> wired = std::make_unique<WiredRegistrar>(
        std::move(registrar), std::make_unique<Tracker>(), std::make_unique<Tracker>(), own.seed);
    return wired;
}

base::Result<std::unique_ptr<FiscalSimulator>> make_registrar(const PlainOptions& options) {
    ToyOptions own;
    own.serial = options.serial.empty() ? own.serial : options.serial;
    own.seed = options.seed;
    own.clock_ms_at_zero = options.clock_ms_at_zero;
    own.store = options.store;
    return make_toy_registrar(own);
}

}  // namespace tillhost::simulators::toy
