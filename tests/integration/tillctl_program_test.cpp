// Claim: tillctl's exit status, JSON and texts are those that scripts and people rely on.
// Shown with the real program against a devd of scripted answers on a real socket.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <map>

#include "hal/os/files.h"
#include "ipc/contract/decoder.h"
#include "ipc/json.h"
#include "ipc/zmq_endpoint.h"
#include "tests/integration/run_program.h"

namespace tillhost {
namespace {

using contract::Operation;
using contract::OperationState;
using contract::RequestKind;
using contract::Value;
using support::Ran;

constexpr const char* kId = "0190b8f2-7c1e-7a00-8000-000000000001";

/// Answers each kind of request as the test says.
class ScriptedDevd final : public ipc::RequestHandler {
public:
    using Answer = std::function<base::Result<Value>(const Value& body)>;

    void on_request(ipc::PeerId peer, const ipc::PeerIdentity&,
                    const contract::Request& request) override {
        asked.emplace_back(request.kind, request.body);
        if (request.kind == RequestKind::hello) {
            const contract::HelloReply hello{1, 7, "test", "hash"};
            replies->send(peer, {request.id, contract::to_value(hello)});
            return;
        }
        const auto found = answers.find(request.kind);
        auto answer = found == answers.end()
                          ? base::make_error(base::ErrorCode::unknown_kind, "not scripted")
                          : found->second(request.body);
        if (answer) {
            replies->send(peer, {request.id, std::move(*answer)});
        } else {
            replies->send(peer, {request.id, contract::to_contract(answer.error())});
        }
    }
    void on_peer_gone(ipc::PeerId) override {}

    /// The body of the first request of that kind.
    template <class T>
    T body_of(RequestKind kind) const {
        for (const auto& [asked_kind, body] : asked) {
            if (asked_kind == kind) {
                auto read = contract::from_value<T>(body);
                EXPECT_TRUE(read);
                return read ? *read : T{};
            }
        }
        ADD_FAILURE() << "not asked: " << name_of(kind);
        return {};
    }
    bool was_asked(RequestKind kind) const {
        return std::any_of(asked.begin(), asked.end(),
                           [kind](const auto& one) { return one.first == kind; });
    }

    ipc::ReplySink* replies = nullptr;
    std::map<RequestKind, Answer> answers;
    std::vector<std::pair<RequestKind, Value>> asked;
};

class TillctlTest : public testing::Test {
protected:
    TillctlTest() {
        std::string name = testing::TempDir() + "tillhost.XXXXXX";
        folder_ = ::mkdtemp(name.data());
        loop_ = MUST(os::EventLoop::create(clock_));
        start_devd();
        loop_->before_sleep([this] { return endpoint_ && endpoint_->receive(devd_, 16); });
    }
    ~TillctlTest() override { std::filesystem::remove_all(folder_); }

    void start_devd() {
        endpoint_ = MUST(ipc::ZmqEndpoint::bind(address()));
        devd_.replies = endpoint_.get();
        watch_ = MUST(loop_->watch(endpoint_->fd(), [](os::Readiness) {}));
    }
    void end_devd() {
        loop_->unwatch(watch_);
        endpoint_.reset();
    }
    std::string address() const { return "ipc://" + folder_ + "/devd.sock"; }

    Ran tillctl(std::vector<std::string> words) {
        words.insert(words.begin(),
                     {"--endpoint", address(), "--timeout", timeout_s_, "--lang", language_});
        return support::run_program(*loop_, clock_, TILLCTL_PROGRAM, std::move(words));
    }
    std::string file(const std::string& text) const {
        const std::string path = folder_ + "/file.json";
        EXPECT_TRUE(os::write_atomically(path, base::bytes_of(text)));
        return path;
    }

    static Operation operation(OperationState state) {
        Operation operation;
        operation.operation_id = MUST(base::OperationId::from_text(kId));
        operation.device = "kassa";
        operation.command = "receipt";
        operation.state = state;
        operation.version = 4;
        return operation;
    }
    static Operation done_receipt() {
        Operation one = operation(OperationState::done);
        contract::FiscalResult result;
        result.registered = true;
        result.printed = contract::Printed::printed;
        result.fiscal_document_number = 41;
        result.fiscal_sign = 1234567890;
        result.shift_number = 7;
        result.receipt_number = 3;
        result.total_minor = 28845;
        result.change_minor = 1155;
        one.result = result;
        return one;
    }
    static Operation failed_receipt() {
        Operation one = operation(OperationState::failed);
        one.error = contract::to_contract(base::make_error(base::ErrorCode::paper_out, ""));
        return one;
    }
    void answer(RequestKind kind, const Operation& operation) {
        devd_.answers[kind] = [operation](const Value&) { return contract::to_value(operation); };
    }
    /// What is handed over comes to this.
    void answer_submit(const Operation& outcome) {
        answer(RequestKind::submit, operation(OperationState::accepted));
        answer(RequestKind::await, outcome);
        answer(RequestKind::acknowledge, outcome);
    }
    Ran sell(const std::vector<std::string>& more = {}) {
        std::vector<std::string> words{"receipt", "kassa", "docs/examples/receipt.json"};
        words.insert(words.end(), more.begin(), more.end());
        return tillctl(std::move(words));
    }

    os::SystemClock clock_;
    std::string folder_;
    std::string timeout_s_ = "20";
    std::string language_ = "en";
    std::unique_ptr<os::EventLoop> loop_;
    ScriptedDevd devd_;
    std::unique_ptr<ipc::ZmqEndpoint> endpoint_;
    os::WatchId watch_;
};

bool holds(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

TEST_F(TillctlTest, ShowsADoneReceiptAcknowledgesItAndExitsWith0) {
    answer_submit(done_receipt());
    const Ran ran = sell({"--id", kId});
    EXPECT_EQ(ran.exit, 0) << ran.err;
    for (const char* part : {"document      41", "1234567890", "7, receipt 3", "288.45", "11.55"}) {
        EXPECT_TRUE(holds(ran.out, part)) << part << " in\n" << ran.out;
    }
    const auto submit = devd_.body_of<contract::SubmitRequest>(RequestKind::submit);
    EXPECT_EQ(submit.session, 7);
    EXPECT_EQ(submit.operation_id.to_text(), kId);
    EXPECT_EQ(std::get<contract::Receipt>(submit.command).lines.size(), 2U);
    EXPECT_TRUE(devd_.was_asked(RequestKind::acknowledge));
}

TEST_F(TillctlTest, AcknowledgesNoResultThatItCouldNotWrite) {
    answer_submit(done_receipt());
    const std::string line = std::string("exec ") + TILLCTL_PROGRAM + " --lang en --endpoint " +
                             address() + " receipt kassa docs/examples/receipt.json --id " + kId +
                             " >/dev/full";
    const Ran ran = support::run_program(*loop_, clock_, "/bin/sh", {"-c", line});
    EXPECT_EQ(ran.exit, 3) << ran.err;
    EXPECT_TRUE(holds(ran.err, std::string("tillctl operation ") + kId)) << ran.err;
    EXPECT_TRUE(devd_.was_asked(RequestKind::await));
    EXPECT_FALSE(devd_.was_asked(RequestKind::acknowledge));
}

TEST_F(TillctlTest, PrintsTheIdBeforeItSends) {
    std::string handed_over;
    answer_submit(done_receipt());
    devd_.answers[RequestKind::submit] = [&](const Value& body) {
        handed_over = contract::from_value<contract::SubmitRequest>(body)->operation_id.to_text();
        return contract::to_value(operation(OperationState::accepted));
    };
    const Ran ran = sell();
    EXPECT_EQ(ran.err, "operation " + handed_over + "\n");
}

TEST_F(TillctlTest, GivesJsonInTheWordsOfTheContract) {
    answer_submit(done_receipt());
    const Ran ran = sell({"--json"});
    EXPECT_EQ(ran.exit, 0);
    const auto json = ipc::from_json(ran.out);
    ASSERT_TRUE(json) << ran.out;
    const auto shown = contract::from_value<Operation>(*json);
    ASSERT_TRUE(shown) << shown.error().detail;
    EXPECT_EQ(*shown, done_receipt());
    EXPECT_EQ(*json->find("state"), Value(std::string("done")));
}

TEST_F(TillctlTest, GivesErrorsAsJsonToo) {
    devd_.answers[RequestKind::submit] = [](const Value&) {
        return base::make_error(base::ErrorCode::unknown_device, "device: no kassa");
    };
    const Ran ran = sell({"--json"});
    EXPECT_EQ(ran.exit, 1);
    const auto json = ipc::from_json(ran.out);
    ASSERT_TRUE(json) << ran.out;
    const auto error = contract::from_value<contract::Error>(*json->find("error"));
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, "unknown_device");
    EXPECT_EQ(error->effect, base::Effect::none);
}

TEST_F(TillctlTest, ExitsWith1WhenTheDeviceDidNotAct) {
    answer_submit(failed_receipt());
    const Ran ran = sell();
    EXPECT_EQ(ran.exit, 1);
    EXPECT_TRUE(holds(ran.out, "paper_out")) << ran.out;
}

TEST_F(TillctlTest, ExitsWith3InDoubtAndSaysWhatToDo) {
    answer_submit(operation(OperationState::in_doubt));
    timeout_s_ = "0.3";
    const Ran ran = sell({"--id", kId});
    EXPECT_EQ(ran.exit, 3);
    EXPECT_TRUE(holds(ran.out, std::string("tillctl resolve ") + kId)) << ran.out;
    EXPECT_TRUE(holds(ran.out, "--version 4 --document NUMBER")) << ran.out;
    EXPECT_FALSE(devd_.was_asked(RequestKind::acknowledge));
}

TEST_F(TillctlTest, ExitsWith3WhenDevdIsGoneAfterTheHandOver) {
    devd_.answers[RequestKind::submit] = [this](const Value&) {
        loop_->call_at(clock_.now(), [this] { end_devd(); });
        return contract::to_value(operation(OperationState::accepted));
    };
    // The answer to await never comes: the reply to submit is the last word.
    devd_.answers[RequestKind::await] = [](const Value&) {
        return base::make_error(base::ErrorCode::shutting_down, "");
    };
    timeout_s_ = "0.5";
    const Ran ran = sell({"--id", kId});
    EXPECT_EQ(ran.exit, 3);
    EXPECT_TRUE(holds(ran.err, std::string("tillctl operation ") + kId)) << ran.err;
    EXPECT_TRUE(holds(ran.err, std::string("tillctl settle ") + kId)) << ran.err;
}

TEST_F(TillctlTest, ExitsWith4WithoutADaemon) {
    end_devd();
    const Ran ran = sell();
    EXPECT_EQ(ran.exit, 4);
    EXPECT_TRUE(holds(ran.err, "no_daemon")) << ran.err;
    EXPECT_FALSE(holds(ran.err, "operation "));  // nothing to ask for
}

TEST_F(TillctlTest, ExitsWith2OnBrokenJsonAndSendsNothing) {
    const Ran ran = tillctl({"receipt", "kassa", file("{\"kind\": \"sale\",\n \"lines\": [}")});
    EXPECT_EQ(ran.exit, 2);
    EXPECT_TRUE(holds(ran.err, "line 2")) << ran.err;
    EXPECT_TRUE(devd_.asked.empty());
}

TEST_F(TillctlTest, ExitsWith2OnAWrongFieldAndNamesIt) {
    const Ran ran = tillctl(
        {"receipt", "kassa",
         file(R"({"kind": "sale", "lines": [{"name": "x", "price_minor": -1, "quantity_units": 1,
                  "vat": "no_vat"}], "payments": [{"kind": "cash", "amount_minor": 1}]})")});
    EXPECT_EQ(ran.exit, 2);
    EXPECT_TRUE(holds(ran.err, "lines[0].price_minor")) << ran.err;
    EXPECT_TRUE(devd_.asked.empty());
}

TEST_F(TillctlTest, ExitsWith2OnAWrongCommandLine) {
    EXPECT_EQ(tillctl({"shift", "kassa", "ajar"}).exit, 2);
    EXPECT_EQ(tillctl({"receipt", "kassa", "docs/examples/no-such-file.json"}).exit, 2);
    EXPECT_EQ(tillctl({"play", "kassa", "5"}).exit, 2);
    EXPECT_EQ(tillctl({"pay", "kassa", "5.555"}).exit, 2);
    EXPECT_TRUE(devd_.asked.empty());
}

TEST_F(TillctlTest, ListsDevicesForPeople) {
    devd_.answers[RequestKind::devices] = [](const Value&) {
        contract::Device device;
        device.device = "kassa";
        device.driver = "fiscal/shtrih";
        device.state = contract::DeviceState::offline;
        device.reason = "port_missing: no such port";
        device.last_ok_ms = -1;
        return contract::to_value(contract::DevicesReply{{device}});
    };
    const Ran ran = tillctl({"devices"});
    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_TRUE(holds(ran.out, "kassa            fiscal/shtrih      offline")) << ran.out;
    EXPECT_TRUE(holds(ran.out, "port_missing")) << ran.out;
}

TEST_F(TillctlTest, SpeaksTheLanguageAskedForAndItsJsonDoesNot) {
    answer(RequestKind::operation, operation(OperationState::in_doubt));
    language_ = "ru";
    const Ran russian = tillctl({"operation", kId});
    EXPECT_TRUE(holds(russian.out, "НЕЯСНО")) << russian.out;
    EXPECT_TRUE(holds(russian.out, std::string("tillctl resolve ") + kId)) << russian.out;
    const Ran json = tillctl({"operation", kId, "--json"});
    EXPECT_TRUE(holds(json.out, "\"in_doubt\"")) << json.out;
    language_ = "pl";
    end_devd();
    const Ran polish = tillctl({"devices"});
    EXPECT_EQ(polish.exit, 4);
    EXPECT_TRUE(holds(polish.err, "no_daemon")) << polish.err;
    EXPECT_TRUE(holds(polish.err, "czy devd działa?")) << polish.err;
}

TEST_F(TillctlTest, AsksADeviceAndShowsItsAnswer) {
    devd_.answers[RequestKind::query] = [](const Value&) {
        contract::Registers registers;
        registers.cash = {{241, 105015}};
        registers.operation = {{148, 321}};
        return contract::to_value(contract::ClassStatus(registers));
    };
    const std::vector<std::string> question{"query", "kassa",       "registers", "--cash",
                                            "241",   "--operation", "148"};
    const Ran ran = tillctl(question);
    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_TRUE(holds(ran.out, "cash 241                    1050.15")) << ran.out;
    EXPECT_TRUE(holds(ran.out, "operation 148                   321")) << ran.out;
    const auto asked = devd_.body_of<contract::QueryRequest>(RequestKind::query);
    EXPECT_EQ(asked.device, "kassa");
    EXPECT_EQ(std::get<contract::RegistersQuery>(asked.query).cash,
              (std::vector<std::int64_t>{241}));
    std::vector<std::string> as_json = question;
    as_json.emplace_back("--json");
    const auto json = ipc::from_json(tillctl(as_json).out);
    ASSERT_TRUE(json);
    const auto shown = contract::from_value<contract::ClassStatus>(*json);
    ASSERT_TRUE(shown) << shown.error().detail;
    EXPECT_EQ(std::get<contract::Registers>(*shown).cash.at(0).value, 105015);
}

TEST_F(TillctlTest, SaysWhatADeviceRefusesAndWhatToDo) {
    devd_.answers[RequestKind::query] = [](const Value&) {
        auto refusal = base::make_error(base::ErrorCode::wrong_password, "the registrar says 4Fh");
        refusal.device_code = 0x4F;
        return refusal;
    };
    const Ran ran = tillctl({"query", "kassa", "layout"});
    EXPECT_EQ(ran.exit, 1);
    EXPECT_TRUE(holds(ran.err, "wrong_password: the registrar says 4Fh (device code 0x4f)"))
        << ran.err;
    EXPECT_TRUE(holds(ran.err, "tillctl configure DEVICE password=")) << ran.err;
    const auto json = ipc::from_json(tillctl({"query", "kassa", "layout", "--json"}).out);
    ASSERT_TRUE(json);
    EXPECT_EQ(MUST(contract::from_value<contract::Error>(*json->find("error"))).device_code, 0x4F);
}

TEST_F(TillctlTest, HandsOverACorrectionWithItsBasis) {
    answer_submit(done_receipt());
    const Ran ran = tillctl({"correction", "kassa", "docs/examples/receipt.json", "--basis",
                             "own_initiative", "--date", "2026-03-02"});
    EXPECT_EQ(ran.exit, 0) << ran.err;
    const auto submit = devd_.body_of<contract::SubmitRequest>(RequestKind::submit);
    const auto& correction = std::get<contract::Correction>(submit.command);
    EXPECT_EQ(correction.basis, contract::CorrectionBasis::own_initiative);
    EXPECT_EQ(correction.basis_date, "2026-03-02");
    EXPECT_EQ(correction.receipt.lines.size(), 2U);
}

TEST_F(TillctlTest, ExitsByTheOutcomeOfAnOperationAskedFor) {
    answer(RequestKind::operation, operation(OperationState::in_doubt));
    EXPECT_EQ(tillctl({"operation", kId}).exit, 3);
    answer(RequestKind::operation, done_receipt());
    EXPECT_EQ(tillctl({"operation", kId}).exit, 0);
    answer(RequestKind::operation, failed_receipt());
    EXPECT_EQ(tillctl({"operation", kId}).exit, 1);
    answer(RequestKind::cancel, operation(OperationState::cancelled));
    EXPECT_EQ(tillctl({"cancel", kId}).exit, 0);
    answer(RequestKind::settle, operation(OperationState::never_accepted));
    EXPECT_EQ(tillctl({"settle", kId}).exit, 0);
}

TEST_F(TillctlTest, SendsADecisionWhole) {
    answer(RequestKind::decide, done_receipt());
    const Ran ran = tillctl({"decide", kId, "executed", "--version", "4", "--document", "41",
                             "--note", "Petrova: on the roll"});
    EXPECT_EQ(ran.exit, 0) << ran.err;
    const auto decision = devd_.body_of<contract::DecideRequest>(RequestKind::decide);
    EXPECT_EQ(decision.version, 4);
    EXPECT_EQ(decision.verdict, contract::Verdict::executed);
    EXPECT_EQ(decision.fiscal_document_number, 41);
    EXPECT_EQ(decision.note, "Petrova: on the roll");
}

TEST_F(TillctlTest, DecodesAFrameWithoutAnyDevd) {
    end_devd();
    const Ran good = tillctl({"decode", "fiscal/shtrih", "02 05 E0 1E 00 00 00", "FB"});
    EXPECT_EQ(good.exit, 0) << good.err;
    EXPECT_TRUE(holds(good.out, "password")) << good.out;
    EXPECT_FALSE(holds(good.out, "!!")) << good.out;
    const Ran json =
        tillctl({"decode", "fiscal/shtrih", "0203E0001E", "--from", "device", "--json"});
    EXPECT_EQ(json.exit, 0) << json.err;
    const auto tree = ipc::from_json(json.out);
    ASSERT_TRUE(tree) << json.out;
    const auto* fields = tree->find("fields")->get_if<Value::Array>();
    ASSERT_NE(fields, nullptr);
    ASSERT_GE(fields->size(), 2U);
    EXPECT_TRUE(holds(json.out, "missing")) << "the checksum is cut off: " << json.out;
    EXPECT_EQ(tillctl({"decode", "fiscal/none", "00"}).exit, 2);
    EXPECT_EQ(tillctl({"decode", "fiscal/shtrih", "0G"}).exit, 2);
}

}  // namespace
}  // namespace tillhost
