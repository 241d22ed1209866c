#include <fmt/format.h>

#include "hal/base/money.h"
#include "ipc/client/tillctl/dongle.h"
#include "ipc/client/tillctl/rows.h"
#include "ipc/client/tillctl/texts.h"

namespace tillhost::tillctl {
namespace {

using contract::CutMode;
using contract::ExchangeState;
using contract::FiscalWarning;
using contract::MarkingOutcome;
using contract::TaxSystem;

constexpr int kDecimals = 2;

Text text_of(FiscalWarning warning) {
    switch (warning) {
        case FiscalWarning::memory_expires_soon: return Text::warning_memory_expires_soon;
        case FiscalWarning::memory_expired: return Text::warning_memory_expired;
        case FiscalWarning::memory_nearly_full: return Text::warning_memory_nearly_full;
        case FiscalWarning::data_operator_backlog: return Text::warning_backlog;
        case FiscalWarning::data_operator_refused: return Text::warning_refused;
        case FiscalWarning::shift_ends_soon: return Text::warning_shift_ends;
        case FiscalWarning::clock_differs: return Text::warning_clock;
        case FiscalWarning::unspecified: break;
    }
    return Text::warning_other;
}

Text text_of(ExchangeState state) {
    switch (state) {
        case ExchangeState::idle: return Text::exchange_idle;
        case ExchangeState::message_waiting: return Text::exchange_message_waiting;
        case ExchangeState::connected: return Text::exchange_connected;
        case ExchangeState::waiting_answer: return Text::exchange_waiting_answer;
        case ExchangeState::unspecified: break;
    }
    return Text::unknown;
}

Text text_of(TaxSystem system) {
    switch (system) {
        case TaxSystem::general: return Text::tax_general;
        case TaxSystem::simplified_income: return Text::tax_simplified_income;
        case TaxSystem::simplified_income_expense: return Text::tax_simplified_income_expense;
        case TaxSystem::agricultural: return Text::tax_agricultural;
        case TaxSystem::patent: return Text::tax_patent;
        case TaxSystem::unspecified: break;
    }
    return Text::tax_other;
}

Text text_of(CutMode mode) {
    switch (mode) {
        case CutMode::none: return Text::cut_none;
        case CutMode::full: return Text::cut_full;
        case CutMode::partial: return Text::cut_partial;
        case CutMode::unspecified: break;
    }
    return Text::unknown;
}

Text text_of(MarkingOutcome outcome) {
    switch (outcome) {
        case MarkingOutcome::checked: return Text::marking_checked;
        case MarkingOutcome::not_checked: return Text::marking_not_checked;
        case MarkingOutcome::refused: return Text::marking_refused;
        case MarkingOutcome::unspecified: break;
    }
    return Text::unknown;
}

/// Tells each kind of answer.
class Teller final {
public:
    explicit Teller(Language language) : language_(language) {}

    std::string operator()(const contract::FiscalStatus& status) const {
        std::string told = who(status.identity);
        told += label(Text::label_shift, shift(status));
        told += label(Text::label_paper, say(status.paper_present ? Text::yes : Text::paper_none));
        told += status.cover_open ? label(Text::label_cover, say(Text::cover_is_open)) : "";
        told +=
            status.document_open ? label(Text::label_document, say(Text::document_is_open)) : "";
        told += label(Text::label_last_document, std::to_string(status.last_document_number));
        if (status.unsent_documents > 0) {
            told += label(Text::label_not_sent,
                          status.unsent_since.empty()
                              ? fill(Text::documents_wait, status.unsent_documents)
                              : fill(Text::documents_wait_since, status.unsent_documents,
                                     status.unsent_since));
        }
        told += given(Text::label_ends, status.memory_expires_on);
        if (!status.device_time.empty()) {
            told += label(Text::label_clock,
                          fill(Text::clock_is, status.device_time, offset(status.clock_offset_s)));
        }
        told += given(Text::label_firmware, status.firmware);
        told += status.training ? label(Text::label_training, say(Text::training_is_on)) : "";
        return told + warnings(status.warnings);
    }

    std::string operator()(const contract::EchoStatus& echo) const {
        return label(Text::label_echo, base::string_of(echo.payload));
    }

    std::string operator()(const contract::FiscalMemory& memory) const {
        std::string told = who(memory.identity);
        told += given(Text::label_version, memory.version);
        told += given(Text::label_ends, memory.expires_on);
        told += given(Text::label_ffd, memory.ffd_version);
        told += given(Text::label_owner, memory.tax_id);
        told += given(Text::label_registration, memory.registration_number);
        std::string systems;
        for (const TaxSystem system : memory.tax_systems) {
            systems += (systems.empty() ? "" : ", ") + std::string(say(text_of(system)));
        }
        told += given(Text::label_tax_systems, systems);
        told += label(
            Text::label_registrations,
            fill(Text::registrations_are, memory.registrations_done, memory.registrations_left));
        told += label(Text::label_last_document, std::to_string(memory.last_document_number));
        told += label(Text::label_not_sent,
                      memory.unsent_documents == 0
                          ? std::string(say(Text::unsent_none))
                          : fill(Text::unsent_are, memory.unsent_documents,
                                 memory.unsent_first_number, memory.unsent_since));
        told += label(Text::label_exchange, say(text_of(memory.exchange)));
        return told + warnings(memory.warnings);
    }

    std::string operator()(const contract::Registers& registers) const {
        std::string told =
            fmt::format("{:<18} {:>16}\n", say(Text::register_heading), say(Text::register_value));
        for (const contract::RegisterValue& one : registers.cash) {
            told += fmt::format("{:<18} {:>16}\n", fill(Text::register_cash, one.number),
                                base::minor_to_text(one.value, kDecimals));
        }
        for (const contract::RegisterValue& one : registers.operation) {
            told += fmt::format("{:<18} {:>16}\n", fill(Text::register_operation, one.number),
                                one.value);
        }
        return told;
    }

    std::string operator()(const contract::TableField& field) const {
        return given(Text::label_field, field.name) + label(Text::label_value, field.value) +
               (field.numeric
                    ? label(Text::label_bounds, fill(Text::bounds_are, field.min, field.max))
                    : "");
    }

    std::string operator()(const contract::Layout& layout) const {
        std::string told =
            lines(Text::label_header, layout.header) + lines(Text::label_footer, layout.footer);
        if (layout.auto_cut) {
            told += label(Text::label_cut, say(text_of(*layout.auto_cut)));
        }
        for (std::size_t i = 0; i < layout.payment_names.size(); ++i) {
            told += row(fill(Text::label_payment, i + 1), layout.payment_names[i]);
        }
        return told + (layout.line_width == 0
                           ? ""
                           : label(Text::label_width, fill(Text::width_is, layout.line_width)));
    }

    std::string operator()(const contract::MarkingCheck& check) const {
        return label(Text::label_marking, marking_text(language_, check.result)) +
               (check.result.result_bits == 0
                    ? ""
                    : label(Text::label_result_bits,
                            fmt::format("{:08b}", check.result.result_bits)));
    }

    std::string operator()(const contract::RecordingStatus& status) const {
        return recording_text(language_, status);
    }

    std::string operator()(const contract::TerminalStatus& status) const {
        return terminal_text(language_, status);
    }
    std::string operator()(const contract::LastTransaction& last) const {
        return transaction_text(language_, last);
    }

    std::string operator()(const contract::DongleStatus& status) const {
        return dongle_text(language_, status);
    }
    std::string operator()(const contract::DongleProof& proof) const {
        return proof_text(language_, proof);
    }

    /// Of a class without sentences of its own.
    template <class Other>
    std::string operator()(const Other& other) const {
        return fields_text(contract::to_value(other, contract::Style::readable));
    }

    static std::string offset(std::int64_t seconds) { return fmt::format("{:+}", seconds); }

private:
    std::string_view say(Text which) const { return text(language_, which); }
    template <class... Values>
    std::string fill(Text which, const Values&... values) const {
        return filled(language_, which, values...);
    }
    std::string label(Text which, std::string_view value) const {
        return row(language_, which, value);
    }
    std::string given(Text which, std::string_view value) const {
        return value.empty() ? "" : label(which, value);
    }
    std::string who(const contract::Identity& identity) const {
        return label(Text::label_registrar, fmt::format("{} {}", identity.serial, identity.model)) +
               given(Text::label_memory, identity.fiscal_memory);
    }
    std::string shift(const contract::FiscalStatus& status) const {
        if (status.shift_expired) {
            return fill(Text::shift_too_old, status.shift_number);
        }
        return status.shift_open
                   ? fill(Text::shift_is_open, status.shift_number, status.receipt_number)
                   : fill(Text::shift_is_closed, status.shift_number);
    }
    std::string warnings(const std::vector<FiscalWarning>& all) const {
        std::string told;
        for (const FiscalWarning warning : all) {
            told += label(Text::label_warning, say(text_of(warning)));
        }
        return told;
    }
    /// The label stands before the first line only.
    std::string lines(Text which, const std::vector<std::string>& all) const {
        std::string told;
        for (const std::string& line : all) {
            told += row(told.empty() ? say(which) : std::string_view(), line);
        }
        return told.empty() ? label(which, say(Text::nothing_stands)) : told;
    }

    Language language_;
};

}  // namespace

std::string answer_text(Language language, const contract::ClassStatus& answer) {
    return std::visit(Teller(language), answer);
}

std::vector<Wish> wishes_of(Language language, const contract::ClassStatus& status) {
    const auto* fiscal = std::get_if<contract::FiscalStatus>(&status);
    std::vector<Wish> wishes;
    const auto wish = [&wishes, language](Text label, Text what, bool stops) {
        wishes.push_back(
            {fmt::format("{}: {}", text(language, label), text(language, what)), stops});
    };
    if (const auto* printer = std::get_if<contract::PrinterStatus>(&status)) {
        if (printer->paper == contract::PaperState::out) {
            wish(Text::label_paper, Text::paper_none, true);
        }
        if (printer->cover_open) {
            wish(Text::label_cover, Text::cover_is_open, true);
        }
        if (wishes.empty() && !printer->error.empty()) {
            wishes.push_back({printer->error, true});
        }
    }
    const auto* dongle = std::get_if<contract::DongleStatus>(&status);
    if (dongle != nullptr && dongle->always_asks) {
        wish(Text::label_proves, Text::dongle_always_asks, true);
    }
    if (fiscal == nullptr) {
        return wishes;
    }
    if (!fiscal->paper_present) {
        wish(Text::label_paper, Text::paper_none, true);
    }
    if (fiscal->cover_open) {
        wish(Text::label_cover, Text::cover_is_open, true);
    }
    for (const FiscalWarning warning : fiscal->warnings) {
        wish(Text::label_warning, text_of(warning), warning == FiscalWarning::memory_expired);
    }
    return wishes;
}

std::string clock_text(Language language, const contract::ClassStatus& answer) {
    const auto* status = std::get_if<contract::FiscalStatus>(&answer);
    if (status == nullptr) {
        return answer_text(language, answer);
    }
    return row(language, Text::label_time,
               status->device_time.empty() ? text(language, Text::unknown)
                                           : std::string_view(status->device_time)) +
           row(language, Text::label_difference,
               filled(language, Text::clock_difference, Teller::offset(status->clock_offset_s)));
}

std::string marking_text(Language language, const contract::MarkingResult& result) {
    const std::string_view outcome = text(language, text_of(result.outcome));
    return result.reason.empty() ? std::string(outcome)
                                 : fmt::format("{} ({})", outcome, result.reason);
}

}  // namespace tillhost::tillctl
