#include "ipc/client/tillctl/verbs.h"

#include <utility>

#include "hal/base/invariant.h"
#include "ipc/client/cpp/pairing.h"
#include "ipc/client/tillctl/document_file.h"
#include "ipc/client/tillctl/payments.h"
#include "ipc/client/tillctl/sharing.h"
#include "ipc/client/tillctl/texts.h"
#include "ipc/client/tillctl/watch.h"
#include "ipc/contract/envelope.h"
#include "ipc/json.h"

namespace tillhost::tillctl {
namespace {

using base::Error;
using base::ErrorCode;
using client::Client;
using contract::Operation;
using contract::OperationState;

constexpr int kIndent = 2;
constexpr const char* kName = "tillctl";

Exit exit_of(OperationState state) {
    switch (state) {
        case OperationState::done: return Exit::done;
        case OperationState::failed:
        case OperationState::cancelled:
        case OperationState::expired:
        case OperationState::never_accepted: return Exit::failed;
        case OperationState::unspecified:
        case OperationState::accepted:
        case OperationState::prepared:
        case OperationState::in_doubt: return Exit::in_doubt;
    }
    return Exit::in_doubt;
}

Exit exit_of(const Error& error) {
    if (error.code == ErrorCode::no_daemon) {
        return Exit::no_daemon;
    }
    if (error.effect == base::Effect::unknown) {
        return Exit::in_doubt;
    }
    return error.code == ErrorCode::bad_field ? Exit::usage : Exit::failed;
}

/// Carries out one invocation. Each verb is one overload.
class Runner final {
public:
    Runner(const Invocation& invocation, os::Clock& clock, Console& console)
        : invocation_(invocation),
          clock_(clock),
          console_(console),
          deadline_(clock.now() + invocation.timeout) {}

    Exit operator()(const DevicesVerb&) {
        return with_client([this](Client& devd) {
            auto devices = devd.devices(deadline_);
            if (!devices) {
                return fail(devices.error());
            }
            const contract::DevicesReply reply{std::move(*devices)};
            return answer(contract::to_value(reply, contract::Style::readable),
                          devices_text(language(), reply.devices));
        });
    }

    Exit operator()(const StatusVerb& verb) {
        return with_client([this, &verb](Client& devd) {
            auto device = devd.status(verb.device, deadline_);
            if (device && verb.ask) {
                auto status = devd.query(verb.device, contract::StatusQuery{}, deadline_);
                if (!status) {
                    return fail(status.error());
                }
                device->status = std::move(*status);
                device->last_ok_ms = 0;
            }
            if (!device) {
                return fail(device.error());
            }
            return answer(contract::to_value(*device, contract::Style::readable),
                          device_text(language(), *device));
        });
    }

    Exit operator()(const QueryVerb& verb) {
        contract::Query query = verb.query;
        if (!verb.receipt_path.empty()) {
            auto receipt = read_receipt_file(verb.receipt_path);
            if (!receipt) {
                fail(receipt.error());
                return Exit::usage;
            }
            query = contract::ReceiptCheckQuery{std::move(*receipt)};
        }
        return with_client([this, &verb, &query](Client& devd) {
            const auto reply = devd.query(verb.device, query, deadline_);
            if (!reply) {
                return fail(reply.error());
            }
            return answer(contract::to_value(*reply, contract::Style::readable),
                          verb.show == Show::clock ? clock_text(language(), *reply)
                                                   : answer_text(language(), *reply));
        });
    }

    Exit operator()(const ReceiptVerb& verb) {
        auto receipt = read_receipt_file(verb.path);
        if (!receipt) {
            fail(receipt.error());
            return Exit::usage;
        }
        return (*this)(SubmitVerb{verb.how, std::move(*receipt)});
    }

    Exit operator()(const CorrectionVerb& verb) {
        auto receipt = read_receipt_file(verb.path);
        if (!receipt) {
            fail(receipt.error());
            return Exit::usage;
        }
        contract::Correction command{std::move(*receipt), verb.basis, verb.date, verb.number};
        return (*this)(SubmitVerb{verb.how, std::move(command)});
    }

    Exit operator()(const SubmitVerb& verb) {
        return with_client(
            [this, &verb](Client& devd) { return hand_over(devd, verb, options_of(verb.how)); });
    }

    Exit operator()(const PrintDocumentVerb& verb) {
        auto document = read_print_document_file(verb.path);
        if (!document) {
            fail(document.error());
            return Exit::usage;
        }
        return (*this)(SubmitVerb{verb.how, std::move(*document)});
    }

    Exit operator()(const SellVerb& verb) {
        auto sale = sale_of(verb);
        if (!sale) {
            fail(sale.error());
            return Exit::usage;
        }
        return with_client([this, &verb, &sale](Client& devd) {
            const std::string terminal = sale->terminal;
            return hand_over_watched(devd, {verb.how, std::move(*sale)}, terminal);
        });
    }

    Exit operator()(const PayVerb& verb) {
        return with_client([this, &verb](Client& devd) {
            auto command = command_of(verb, devd, deadline_);
            const std::int64_t start_within =
                verb.what == OnCard::take_back ? 0 : verb.start_within_s;
            return command ? hand_over_watched(devd, {verb.how, std::move(*command)},
                                               verb.how.device, start_within)
                           : fail(command.error());
        });
    }

    Exit operator()(const AbortVerb& verb) {
        return with_client([this, &verb](Client& devd) {
            const auto operation = break_off(verb, devd, deadline_);
            if (!operation) {
                return fail(operation.error());
            }
            return answer(contract::to_value(*operation, contract::Style::readable),
                          client::is_final(operation->state)  // it had not begun, or is over
                              ? operation_text(language(), *operation)
                              : breaking_off_text(language(), operation->operation_id));
        });
    }

    Exit operator()(const OperationsVerb& verb) {
        return with_client([this, &verb](Client& devd) {
            const auto reply = devd.operations(verb.request, deadline_);
            if (!reply) {
                return fail(reply.error());
            }
            return answer(contract::to_value(*reply, contract::Style::readable),
                          operations_text(language(), *reply));
        });
    }

    Exit operator()(const OperationVerb& verb) {
        return with_client([this, &verb](Client& devd) {
            const auto operation = ask(devd, verb);
            if (!operation) {
                return fail(operation.error());
            }
            show(*operation);
            say_what_it_waits_for(devd, *operation);
            return exit_of(verb.what, operation->state);
        });
    }

    Exit operator()(DecideVerb verb) {
        if (const auto taken = take_amounts(verb); !taken) {
            return fail(taken.error());
        }
        return with_client([this, &verb](Client& devd) {
            const auto operation = devd.decide(verb.decision, deadline_);
            if (!operation) {
                return fail(operation.error());
            }
            show(*operation);
            // What tillctl handed over nobody else will acknowledge; a sale's step goes with it.
            if (operation->client == kName && !operation->parent) {
                acknowledge(devd, operation->operation_id);
            }
            return Exit::done;
        });
    }

    Exit operator()(const RecordVerb& verb) {
        return with_client([this, &verb](Client& devd) {
            const auto reply = devd.query(verb.device, contract::RecordQuery{verb.path}, deadline_);
            if (!reply) {
                return fail(reply.error());
            }
            const auto* status = std::get_if<contract::RecordingStatus>(&*reply);
            if (status == nullptr) {
                return fail(base::make_error(ErrorCode::malformed, "not the answer to record"));
            }
            return answer(contract::to_value(*status, contract::Style::readable),
                          recording_text(language(), *status));
        });
    }

    Exit operator()(const WatchVerb& verb) {
        return with_client([this, &verb](Client& devd) {
            return watch(verb, invocation_, devd, clock_, deadline_, console_);
        });
    }

    Exit operator()(const HealthVerb&) {
        return with_client([this](Client& devd) {
            const auto health = devd.health(deadline_);
            if (!health) {
                return fail(health.error());
            }
            answer(contract::to_value(*health, contract::Style::readable),
                   health_text(language(), *health));
            return health->state == contract::HealthState::ready ? Exit::done : Exit::failed;
        });
    }

    Exit operator()(const MetricsVerb&) {
        return with_client([this](Client& devd) {
            const auto text = devd.metrics(deadline_);
            if (!text) {
                return fail(text.error());
            }
            return answer(contract::to_value(contract::MetricsReply{*text}), *text);
        });
    }

    Exit operator()(const BackupVerb& verb) {
        return with_client([this, &verb](Client& devd) {
            const auto copied = devd.backup(verb.path, deadline_);
            if (!copied) {
                return fail(copied.error());
            }
            return answer(contract::to_value(*copied, contract::Style::readable),
                          backup_text(language(), *copied));
        });
    }

    Exit operator()(const LeaseVerb& verb) {
        return with_client([this, &verb](Client& devd) {
            const auto exit = run_lease(verb, invocation_, devd, clock_, console_);
            return exit ? *exit : fail(exit.error());
        });
    }

    Exit operator()(const AuditVerb& verb) {
        if (!verb.path.empty()) {
            const auto exit = verify_audit_file(verb.path, language(), console_);
            return exit ? *exit : fail(exit.error());
        }
        return with_client([this, &verb](Client& devd) {
            const auto exit = run_audit(verb, invocation_, devd, clock_, console_);
            return exit ? *exit : fail(exit.error());
        });
    }

    Exit operator()(const AdminVerb& verb) {
        return with_client([this, &verb](Client& devd) {
            const auto exit = run_admin(verb, context_with(devd));
            return exit ? *exit : fail(exit.error());
        });
    }

    Exit operator()(const DongleVerb& verb) {
        return with_client([this, &verb](Client& devd) {
            const auto exit = run_dongle(verb, context_with(devd), clock_);
            return exit ? *exit : fail(exit.error());
        });
    }

    Exit operator()(const AccessVerb& verb) {
        return with_client([this, &verb](Client& devd) {
            const auto exit = run_access(verb, context_with(devd));
            return exit ? *exit : fail(exit.error());
        });
    }

    Exit operator()(const PairWithVerb& verb) {
        const auto paired =
            client::pair_with_host({verb.host, verb.code, verb.save_as}, clock_, deadline_);
        if (!paired) {
            return fail(paired.error());
        }
        return answer(
            contract::to_value(paired->reply, contract::Style::readable),
            filled(language(), Text::paired_with, paired->reply.name,
                   contract::name_of(paired->reply.role), paired->path, paired->saved_as));
    }

    Exit operator()(const RollKeyVerb&) {
        if (invocation_.host.empty()) {
            console_.err(text(language(), Text::roll_wants_host));
            return Exit::usage;
        }
        const auto rolled = client::roll_key(invocation_.host, clock_, deadline_);
        return rolled ? answer(contract::to_value(*rolled, contract::Style::readable),
                               filled(language(), Text::key_rolled, rolled->name, invocation_.host))
                      : fail(rolled.error());
    }

    Exit operator()(const LicenceVerb& verb) {
        return run_licence(verb, invocation_, clock_, console_);
    }

    Exit operator()(const DecodeVerb&) {
        INVARIANT(false);  // asks no devd
    }
    Exit operator()(const ReplayVerb&) {
        INVARIANT(false);  // asks no devd
    }

private:
    Language language() const { return invocation_.language; }

    AdminContext context_with(Client& devd) const {
        return {devd, console_, language(), invocation_.json, clock_, invocation_.timeout};
    }

    template <class Body>
    Exit with_client(Body body) {
        auto devd = Client::connect(
            {.endpoint = invocation_.endpoint, .name = kName, .host = invocation_.host}, clock_,
            deadline_);
        return devd ? body(**devd) : fail(devd.error());
    }

    client::OperationOptions options_of(const HandOver& how) const {
        client::OperationOptions options;
        options.operation_id =
            how.operation_id.is_nil() ? client::make_operation_id(clock_) : how.operation_id;
        options.sale_ref = how.sale_ref;
        options.force = how.force;
        options.doubt_patience = kDoubtPatience;
        return options;
    }

    /// A customer is asked meanwhile: what the terminal says is shown, and Ctrl-C ends the waiting
    /// and not the payment.
    Exit hand_over_watched(Client& devd, const SubmitVerb& verb, const std::string& terminal,
                           std::int64_t start_within_s = 0) {
        client::OperationOptions options = options_of(verb.how);
        CustomerWatch watch(devd, clock_, console_, language());
        if (start_within_s != 0) {
            constexpr std::int64_t kMillisecond = 1000;
            options.start_before_ms = clock_.unix_ms() + start_within_s * kMillisecond;
            watch.gives_up_after(start_within_s);
        }
        watch.follow(terminal, deadline_);
        console_.note_interruption();
        options.watch = [&watch](const Operation& so_far) { return watch.look(so_far); };
        const Exit exit = hand_over(devd, verb, options);
        if (watch.interrupted()) {
            console_.err(interrupted_text(language(), options.operation_id));
        }
        return exit;
    }

    Exit hand_over(Client& devd, const SubmitVerb& verb, const client::OperationOptions& options) {
        console_.err(handing_over_text(language(), options.operation_id));
        auto operation = devd.carry_out(verb.how.device, verb.command, options, deadline_);
        if (!operation) {
            const Exit exit = fail(operation.error());
            if (exit == Exit::usage && std::holds_alternative<contract::Sale>(verb.command)) {
                console_.err(text(language(), Text::sale_names_devices));
            }
            if (operation.error().effect != base::Effect::unknown) {
                return exit;
            }
            console_.err(ask_again_text(language(), options.operation_id));
            return Exit::in_doubt;
        }
        wait_for_paper(*operation, devd, clock_, deadline_);
        show(*operation);
        say_what_it_waits_for(devd, *operation);
        console_.err(lost_paper_text(language(), lost_paper_of(*operation, devd, deadline_)));
        if (console_.out_failed()) {  // whoever waits for the result has not got it
            console_.err(not_written_text(language(), options.operation_id));
            return Exit::in_doubt;
        }
        if (client::is_final(operation->state)) {
            acknowledge(devd, options.operation_id);
        }
        return tillctl::exit_of(operation->state);
    }

    void acknowledge(Client& devd, const base::OperationId& id) {
        if (const auto done = devd.acknowledge(id, deadline_); !done) {
            console_.err(not_acknowledged_text(language(), id, done.error()));
        }
    }

    base::Result<Operation> ask(Client& devd, const OperationVerb& verb) const {
        switch (verb.what) {
            case OnOperation::show:
                return devd.operation(verb.operation_id, deadline_, verb.device);
            case OnOperation::resolve:
                return devd.resolve(verb.operation_id, deadline_, verb.device);
            case OnOperation::cancel: return devd.cancel(verb.operation_id, deadline_, verb.device);
            case OnOperation::settle: return devd.settle(verb.operation_id, deadline_, verb.device);
            case OnOperation::acknowledge:
                return devd.acknowledge(verb.operation_id, deadline_, verb.device);
        }
        return base::make_error(ErrorCode::internal, "an unknown verb");
    }

    /// A verb that got what it asked for is done, whatever the operation came to.
    static Exit exit_of(OnOperation what, OperationState state) {
        const bool wished = (what == OnOperation::cancel && state == OperationState::cancelled) ||
                            (what == OnOperation::settle && client::is_final(state)) ||
                            what == OnOperation::acknowledge;
        return wished ? Exit::done : tillctl::exit_of(state);
    }

    void show(const Operation& operation) {
        answer(contract::to_value(operation, contract::Style::readable),
               operation_text(language(), operation));
    }

    void say_what_it_waits_for(Client& devd, const Operation& operation) {
        if (operation.state != OperationState::accepted || invocation_.json) {
            return;
        }
        const auto devices = devd.devices(deadline_);
        for (std::size_t i = 0; devices && i < devices->size(); ++i) {
            if ((*devices)[i].device == operation.device) {
                console_.out(waits_for_text(language(), (*devices)[i]));
            }
        }
    }

    Exit answer(const contract::Value& json, const std::string& text) {
        console_.out(invocation_.json ? ipc::to_json(json, kIndent) + "\n" : text);
        return Exit::done;
    }

    Exit fail(const Error& error) {
        if (invocation_.json) {
            const contract::Value::Map map{
                {"error",
                 contract::to_value(contract::to_contract(error), contract::Style::readable)}};
            console_.out(ipc::to_json(contract::Value(map), kIndent) + "\n");
        }
        console_.err(error_text(language(), error));
        return tillctl::exit_of(error);
    }

    const Invocation& invocation_;
    os::Clock& clock_;
    Console& console_;
    os::Deadline deadline_;
};

}  // namespace

Exit run(const Invocation& invocation, os::Clock& clock, Console& console) {
    return std::visit(Runner(invocation, clock, console), invocation.verb);
}

}  // namespace tillhost::tillctl
