#include "hal/drivers/fiscal/shtrih/session.h"

#include <algorithm>
#include <utility>

namespace tillhost::drivers::shtrih {

using base::Bytes;
using base::ByteView;
using base::Done;
using base::Result;

namespace {

/// Numbers above 255 have two bytes; only some models have such registers.
Bytes register_of(Command command, Password password, std::uint16_t number) {
    return number > UINT8_MAX
               ? long_register_request(command, password, number)
               : register_request(command, password, static_cast<std::uint8_t>(number));
}

}  // namespace

/// Asks, and again while the registrar refuses because it still prints.
Result<Bytes> Session::ask(const Link::Question& question, os::Deadline deadline,
                           const std::function<Done()>& again) {
    const os::Instant patience = std::min(deadline, clock_.now() + kPrintingWait);
    while (true) {
        Bytes message = TRY(link_->ask(question, deadline));
        const Answer answer = TRY(split_answer(question.command, message));
        if (answer.error == 0) {
            return message;
        }
        const os::Instant next = clock_.now() + kPrintingPoll;
        if (answer.error != kErrorStillPrinting || next >= patience) {
            return refusal(question.command, answer.error);
        }
        TRY(link_->rest(next));
        if (again) {
            TRY(again());
        }
    }
}

template <class Reader>
auto Session::read(Command command, Bytes message, Reader reader, os::Deadline deadline)
    -> decltype(reader(ByteView())) {
    auto answer = ask(Link::Question{command, std::move(message), Link::Repeat::freely}, deadline);
    if (!answer) {
        base::Error error = std::move(answer).error();
        error.effect = base::Effect::none;
        return error;
    }
    return reader(TRY(split_answer(command, *answer)).body);
}

Result<std::string> Session::model(os::Deadline deadline) {
    return read(Command::device_type, device_type_request(), read_device_type, deadline);
}

Result<ModelParameters> Session::model_parameters(os::Deadline deadline) {
    return read(Command::model_parameters, model_parameters_request(), read_model_parameters,
                deadline);
}

Result<ShortStatus> Session::short_status(os::Deadline deadline) {
    return read(Command::short_status, plain_request(Command::short_status, password_),
                read_short_status, deadline);
}

Result<FullStatus> Session::full_status(os::Deadline deadline) {
    return read(Command::full_status, plain_request(Command::full_status, password_),
                read_full_status, deadline);
}

Result<StorageStatus> Session::storage_status(os::Deadline deadline) {
    return read(Command::storage_status, plain_request(Command::storage_status, password_),
                read_storage_status, deadline);
}

Result<ShiftState> Session::shift_state(os::Deadline deadline) {
    return read(Command::shift_state, plain_request(Command::shift_state, password_),
                read_shift_state, deadline);
}

Result<FoundDocument> Session::find_document(std::uint32_t number, os::Deadline deadline) {
    return read(Command::find_document, find_request(password_, number), read_found_document,
                deadline);
}

Result<std::string> Session::table_text(std::uint8_t table, std::uint16_t row, std::uint8_t field,
                                        os::Deadline deadline) {
    const auto reader = [](ByteView body) { return Result<std::string>(read_table_text(body)); };
    return read(Command::read_table, read_table_request(password_, table, row, field), reader,
                deadline);
}

Result<std::uint64_t> Session::table_number(std::uint8_t table, std::uint16_t row,
                                            std::uint8_t field, os::Deadline deadline) {
    const auto reader = [](ByteView body) { return read_table_number(body); };
    return read(Command::read_table, read_table_request(admin_password(), table, row, field),
                reader, deadline);
}

Result<Password> Session::password_of(std::uint16_t operator_number, os::Deadline deadline) {
    constexpr std::uint8_t kOperatorTable = 2;
    constexpr std::uint8_t kPasswordField = 1;
    const std::uint64_t number =
        TRY(table_number(kOperatorTable, operator_number, kPasswordField, deadline));
    return static_cast<Password>(number);
}

Result<std::int64_t> Session::cash_register(std::uint16_t number, os::Deadline deadline) {
    return read(Command::cash_register, register_of(Command::cash_register, password_, number),
                read_cash_register, deadline);
}

Result<std::uint16_t> Session::operation_register(std::uint16_t number, os::Deadline deadline) {
    return read(Command::operation_register,
                register_of(Command::operation_register, password_, number),
                read_operation_register, deadline);
}

Result<std::int64_t> Session::subtotal(os::Deadline deadline) {
    return read(Command::subtotal, plain_request(Command::subtotal, password_), read_subtotal,
                deadline);
}

Result<ExchangeStatus> Session::exchange_status(os::Deadline deadline) {
    return read(Command::exchange_status, plain_request(Command::exchange_status, password_),
                read_exchange_status, deadline);
}

Result<FontMetrics> Session::font_metrics(std::uint8_t font, os::Deadline deadline) {
    return read(Command::font_metrics, font_metrics_request(password_, font), read_font_metrics,
                deadline);
}

Result<TableStructure> Session::table_structure(std::uint8_t table, os::Deadline deadline) {
    return read(Command::table_structure, table_structure_request(admin_password(), table),
                read_table_structure, deadline);
}

Result<FieldStructure> Session::field_structure(std::uint8_t table, std::uint8_t field,
                                                os::Deadline deadline) {
    return read(Command::field_structure, field_structure_request(admin_password(), table, field),
                read_field_structure, deadline);
}

Result<Bytes> Session::table_bytes(std::uint8_t table, std::uint16_t row, std::uint8_t field,
                                   os::Deadline deadline) {
    const auto reader = [](ByteView body) {
        return Result<Bytes>(Bytes(body.begin(), body.end()));
    };
    return read(Command::read_table, read_table_request(admin_password(), table, row, field),
                reader, deadline);
}

Result<DateTime> Session::storage_expiry(os::Deadline deadline) {
    return read(Command::storage_expiry, plain_request(Command::storage_expiry, password_),
                read_storage_expiry, deadline);
}

Result<std::string> Session::storage_version(os::Deadline deadline) {
    return read(Command::storage_version, plain_request(Command::storage_version, password_),
                read_storage_version, deadline);
}

Result<Registration> Session::registration(os::Deadline deadline) {
    return read(Command::registration, plain_request(Command::registration, password_),
                read_registration, deadline);
}

Result<std::uint16_t> Session::unconfirmed_count(os::Deadline deadline) {
    return read(Command::unconfirmed_count, plain_request(Command::unconfirmed_count, password_),
                read_unconfirmed_count, deadline);
}

Result<MarkingAnswer> Session::marking(Bytes request, os::Deadline deadline) {
    const Bytes message =
        TRY(ask(Link::Question{Command::check_marking, std::move(request)}, deadline));
    return read_marking_answer(TRY(split_answer(Command::check_marking, message)).body);
}

Result<std::optional<std::uint8_t>> Session::decide_marking(bool accept, os::Deadline deadline) {
    const Bytes message =
        TRY(ask(Link::Question{Command::accept_marking, accept_marking_request(password_, accept)},
                deadline));
    return read_marking_decision(TRY(split_answer(Command::accept_marking, message)).body);
}

Done Session::change(Command command, Bytes message, os::Deadline deadline) {
    TRY(ask(Link::Question{command, std::move(message)}, deadline));
    return {};
}

Done Session::change(Command command, os::Deadline deadline) {
    return change_as(password_, command, deadline);
}

Done Session::change_as(Password password, Command command, os::Deadline deadline) {
    return change(command, plain_request(command, password), deadline);
}

Result<Bytes> Session::once(Command command, Bytes message, Link::Witness witness,
                            const std::function<Done()>& again, os::Deadline deadline) {
    return ask(Link::Question{command, std::move(message), Link::Repeat::never, std::move(witness)},
               deadline, again);
}

Result<ShortStatus> Session::wait_printed(os::Duration wait, os::Deadline deadline) {
    const os::Instant patience = std::min(deadline, clock_.now() + wait);
    while (true) {
        const ShortStatus status = TRY(short_status(deadline));
        const bool printing =
            status.submode() == Submode::printing || status.submode() == Submode::printing_report;
        const os::Instant again = clock_.now() + kPrintingPoll;
        if (!printing || again >= patience) {
            return status;
        }
        TRY(link_->rest(again));
    }
}

}  // namespace tillhost::drivers::shtrih
