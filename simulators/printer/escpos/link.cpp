#include "simulators/printer/escpos/link.h"

#include "hal/base/bytes.h"
#include "simulators/printer/escpos/command.h"

namespace tillhost::simulators::escpos {
namespace {

class HostTracker final : public FrameTracker {
public:
    Step feed(std::byte byte) override {
        constexpr std::byte kDle{0x10};
        Step step{.begins = !open_, .frame = byte != kDle || open_};
        const auto command = reader_.feed(byte);
        step.ends = command && command->lead != Lead::text;
        open_ = !step.ends;
        return step;
    }
    void reset() override {
        reader_.reset();
        open_ = false;
    }

private:
    CommandReader reader_;
    bool open_ = false;
};

class PrinterTracker final : public FrameTracker {
public:
    Step feed(std::byte byte) override {
        if (to_nul_) {
            to_nul_ = byte != std::byte{0};
            return {.begins = false, .ends = !to_nul_, .frame = true};
        }
        if (left_ > 0) {
            return {.begins = false, .ends = --left_ == 0, .frame = true};
        }
        return begin(base::to_unsigned(byte));
    }
    void reset() override {
        left_ = 0;
        to_nul_ = false;
    }

private:
    Step begin(unsigned byte) {
        constexpr unsigned kMark = 0x37, kText = 0x5F, kXon = 0x11, kXoff = 0x13;
        to_nul_ = byte == kMark || byte == kText;
        // 0xx1xx00 is the first of four.
        left_ = (byte & 0x93U) == 0x10 ? 3 : 0;
        return {
            .begins = true, .ends = !to_nul_ && left_ == 0, .frame = byte != kXon && byte != kXoff};
    }

    int left_ = 0;
    bool to_nul_ = false;
};

}  // namespace

std::unique_ptr<FrameTracker> make_host_tracker() { return std::make_unique<HostTracker>(); }
std::unique_ptr<FrameTracker> make_printer_tracker() { return std::make_unique<PrinterTracker>(); }

}  // namespace tillhost::simulators::escpos
