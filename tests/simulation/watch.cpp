#include "tests/simulation/watch.h"

#include <variant>

#include "hal/drivers/fiscal/shtrih/frames.h"

namespace tillhost::simulation {

std::string_view name_of(Step step) {
    switch (step) {
        case Step::down: return "down";
        case Step::opening: return "opening";
        case Step::resolving: return "resolving";
        case Step::idle: return "idle";
        case Step::before_marker: return "before_marker";
        case Step::marker_to_go: return "marker_to_go";
        case Step::go_to_close: return "go_to_close";
        case Step::close_to_answer: return "close_to_answer";
        case Step::after_answer: return "after_answer";
    }
    return "?";
}

namespace {

/// 06 01, 06 30, 06 31 and 06 50, bare or in a serial frame.
bool moves_card_money(base::ByteView frame) {
    constexpr unsigned kFrame = 0x10;
    constexpr unsigned kMoney = 0x06;
    base::ByteReader reader(frame);
    unsigned first = reader.u8();
    if (first == kFrame) {
        reader.u8();
        first = reader.u8();
    }
    const unsigned command = reader.u8();
    const bool money = command == 0x01 || command == 0x30 || command == 0x31 || command == 0x50;
    return !reader.failed() && first == kMoney && money;
}

}  // namespace

bool makes_document(std::string_view driver, base::ByteView frame) {
    constexpr unsigned kToyRegister = 0x03;
    if (driver == "fiscal/toy") {
        base::ByteReader reader(frame);
        reader.u8();
        return reader.u8() == kToyRegister && !reader.failed();
    }
    if (driver == "payment/zvt") {
        return moves_card_money(frame);
    }
    const auto sent = drivers::shtrih::message_of(frame);
    if (!sent) {
        return false;
    }
    base::ByteReader message(*sent);
    const unsigned command = message.u8();
    const unsigned extended = command == 0xFF ? message.u8() : 0;
    const bool shift = command == 0xE0 || command == 0x41 || extended == 0x0B || extended == 0x43;
    const bool cash = command == 0x50 || command == 0x51;
    const bool receipt = command == 0x85 || extended == 0x45 || extended == 0x4A;
    return shift || cash || receipt;
}

void Watch::host_heard(const contract::ToHost& message) {
    if (const auto* open = std::get_if<contract::Open>(&message)) {
        if (open->pending) {
            command_ = contract::case_of(open->pending->command);
            operation_ = open->pending->operation_id;
        }
        move(open->pending ? Step::resolving : Step::opening);
    } else if (const auto* resolve = std::get_if<contract::ResolveCommand>(&message)) {
        command_ = contract::case_of(resolve->pending.command);
        operation_ = resolve->pending.operation_id;
        move(Step::resolving);
    } else if (const auto* execute = std::get_if<contract::Execute>(&message)) {
        command_ = contract::case_of(execute->command);
        operation_ = execute->operation_id;
        move(Step::before_marker);
    } else if (std::holds_alternative<contract::Go>(message)) {
        move(Step::go_to_close);
    } else if (const auto* query = std::get_if<contract::QueryCommand>(&message)) {
        questions_ += std::holds_alternative<contract::ReceiptCheckQuery>(query->query) ? 1 : 0;
    }
}

void Watch::host_said(const contract::FromHost& message) {
    if (const auto* persist = std::get_if<contract::Persist>(&message)) {
        if (std::holds_alternative<contract::Marker>(persist->record)) {
            move(Step::marker_to_go);
        } else if (step_ == Step::close_to_answer) {
            move(Step::after_answer);
        }
    } else if (std::holds_alternative<contract::Opened>(message) ||
               std::holds_alternative<contract::Finished>(message) ||
               std::holds_alternative<contract::Resolved>(message)) {
        command_.clear();
        operation_ = {};
        move(Step::idle);
    } else if (std::holds_alternative<contract::OpenFailed>(message)) {
        move(Step::down);
    }
}

void Watch::host_wrote(base::ByteView bytes) {
    if (step_ == Step::go_to_close && makes_document(driver_, bytes)) {
        move(Step::close_to_answer);
    }
}

void Watch::host_gone() {
    command_.clear();
    operation_ = {};
    move(Step::down);
}

void Watch::move(Step step) {
    step_ = step;
    if (listener_) {
        listener_();
    }
}

}  // namespace tillhost::simulation
