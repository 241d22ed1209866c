#include "tests/conformance/printer_world.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tillhost::conformance {

using namespace std::chrono_literals;

void EventfulPrinter::advance(os::Instant now) {
    if (coming_ && coming_->first <= now) {
        const auto [when, fault] = *std::exchange(coming_, std::nullopt);
        EXPECT_TRUE(printer_.inject(fault, when));
    }
    printer_.advance(now);
}

std::optional<os::Instant> EventfulPrinter::next_event() const {
    const auto next = printer_.next_event();
    return coming_ && (!next || coming_->first < *next) ? std::optional(coming_->first) : next;
}

PrinterWorld::PrinterWorld(const PrinterSubject& subject)
    : device(subject.make_device()), eventful(*device), subject_(subject) {
    cable.emplace(eventful, clock, 300ms);
    if (subject.socket) {
        cable->be_a_socket();
    }
}

base::Result<device::Opened> PrinterWorld::open() {
    driver_.reset();
    driver_ = TRY(subject_.driver->make(subject_.settings, cable->connector(), clock));
    return driver_->open(std::nullopt, book, clock.now() + 60s);
}

base::Result<contract::PrintResult> PrinterWorld::execute(const contract::Command& command) {
    const auto result = TRY(driver_->execute(command, book, clock.now() + 300s));
    return std::get<contract::PrintResult>(result);
}

base::Result<contract::PrinterStatus> PrinterWorld::status() {
    const auto status = TRY(driver_->query(contract::StatusQuery{}, clock.now() + 60s));
    return std::get<contract::PrinterStatus>(status);
}

void PrinterWorld::heal() {
    cable->kill_at(0);
    cable->cancel_at(0);
    for (const char* name : {"clear", "paper_in", "cover_closed"}) {
        fault(name);
    }
    device->power(true, clock.now());
}

void PrinterWorld::fault(std::string_view name,
                         const std::vector<std::pair<std::string, std::string>>& keys) {
    const auto parsed = simulators::parse_fault(name, keys);
    ASSERT_TRUE(parsed) << base::to_text(parsed.error());
    const auto injected = device->inject(*parsed, clock.now());
    ASSERT_TRUE(injected) << base::to_text(injected.error());
}

void PrinterWorld::fault_later(os::Duration time, std::string_view name) {
    const auto parsed = simulators::parse_fault(name, {});
    ASSERT_TRUE(parsed) << base::to_text(parsed.error());
    eventful.at(clock.now() + time, *parsed);
}

std::size_t PrinterWorld::lines_with(std::string_view text) const {
    return static_cast<std::size_t>(std::count_if(
        tape().begin(), tape().end(),
        [text](const std::string& line) { return line.find(text) != std::string::npos; }));
}

contract::PrintDocument document_of(const std::vector<std::string>& lines) {
    contract::PrintDocument document;
    for (const std::string& line : lines) {
        contract::PrintedText text;
        text.text = line;
        document.blocks.emplace_back(std::move(text));
    }
    return document;
}

}  // namespace tillhost::conformance
