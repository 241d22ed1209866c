// Claim: bad input is refused by a typed error that names the field, and leaves nothing in the
// book. Shown on a real devd, over the real socket, with requests and bytes of every wrong kind.
#include "ipc/contract/decoder.h"
#include "ipc/msgpack.h"
#include "ipc/zmq_client.h"
#include "ipc/zmq_socket.h"
#include "tests/integration/counter.h"

namespace tillhost {
namespace {

using contract::RequestKind;
using contract::Value;

class BadInputTest : public support::CounterTest {
protected:
    void SetUp() override {
        start();
        raw_ = MUST(ipc::ZmqClient::connect(shop_->endpoint(), clock_, deadline()));
        const contract::HelloRequest hello{"raw", {1}, ""};
        const auto said = raw_->call(RequestKind::hello, contract::to_value(hello), deadline());
        ASSERT_TRUE(said) << base::to_text(said.error());
        session_ = MUST(contract::from_value<contract::HelloReply>(*said)).session;
    }
    void TearDown() override {
        const auto book = client_->operations({}, deadline());
        ASSERT_TRUE(book) << base::to_text(book.error());
        EXPECT_EQ(book->operations.size(), left_in_book_);
    }

    /// "code: text" of the refusal.
    std::string refusal(RequestKind kind, Value body) {
        const auto answer = raw_->call(kind, std::move(body), deadline());
        EXPECT_FALSE(answer);
        if (answer) {
            return "";
        }
        EXPECT_EQ(answer.error().effect, base::Effect::none);
        return std::string(base::name_of(answer.error().code)) + ": " + answer.error().detail;
    }
    contract::SubmitRequest submit_of(const contract::Receipt& receipt) const {
        contract::SubmitRequest request;
        request.session = session_;
        request.operation_id = client::make_operation_id(clock_);
        request.device = "kassa";
        request.command = receipt;
        return request;
    }
    std::string refusal(const contract::Receipt& receipt) {
        return refusal(RequestKind::submit, contract::to_value(submit_of(receipt)));
    }
    /// The tree of a good submit, with one field of its first line replaced.
    Value with_line_field(const std::string& name, Value value) const {
        return replaced(contract::to_value(submit_of(tea())),
                        {"command", "receipt", "lines", "", name}, std::move(value));
    }
    /// `path` names fields; an empty name is the first item of a list.
    static Value replaced(const Value& in, std::vector<std::string> path, Value value) {
        if (path.empty()) {
            return value;
        }
        const std::string name = path.front();
        path.erase(path.begin());
        if (const auto* items = in.get_if<Value::Array>()) {
            Value::Array changed = *items;
            changed.front() = replaced(changed.front(), path, std::move(value));
            return Value(std::move(changed));
        }
        Value::Map changed = *in.get_if<Value::Map>();
        for (auto& [key, field] : changed) {
            if (key == name) {
                field = replaced(field, path, std::move(value));
                return Value(std::move(changed));
            }
        }
        changed.emplace_back(name, std::move(value));
        return Value(std::move(changed));
    }

    /// What devd answers to these bytes, as "code: text"; "" if it ends the connection instead.
    std::string answer_to(base::ByteView bytes) {
        const auto socket = MUST(ipc::ZmqSocket::create(ipc::ZmqKind::dealer));
        MUST(socket->connect(shop_->endpoint()));
        bool sent = false;
        const os::Deadline until = deadline();
        while (clock_.now() < until) {
            if (const auto event = socket->next_event()) {
                if (event->what != ipc::ZmqSocket::Happened::connected) {
                    return "";
                }
                sent = socket->send({}, bytes) == ipc::ZmqSocket::Sent::sent;
                EXPECT_TRUE(sent);
            }
            if (const auto incoming = socket->receive()) {
                const Value message = MUST(ipc::decode_msgpack(incoming->payload));
                const auto reply = MUST(contract::read_reply(message));
                const auto* error = std::get_if<contract::Error>(&reply.outcome);
                return error == nullptr ? "ok" : error->code + ": " + error->text;
            }
            pollfd one{.fd = socket->fd(), .events = POLLIN, .revents = 0};
            ::poll(&one, 1, 100);
        }
        return "no answer";
    }
    std::string answer_to(const Value& message) { return answer_to(ipc::encode_msgpack(message)); }

    std::unique_ptr<ipc::ZmqClient> raw_;
    std::int64_t session_ = 0;
    std::size_t left_in_book_ = 0;
};

bool begins(const std::string& text, std::string_view with) { return text.rfind(with, 0) == 0; }

TEST_F(BadInputTest, PaymentsBelowTheTotal) {
    contract::Receipt receipt = tea();
    receipt.payments[0].amount_minor = 11999;
    const std::string refused = refusal(receipt);
    EXPECT_TRUE(begins(refused, "payment_below_total: command.receipt.payments")) << refused;
}

TEST_F(BadInputTest, MoreThanTheTotalWithoutCash) {
    contract::Receipt receipt = tea();
    receipt.payments[0].kind = contract::PaymentKind::electronic;
    const std::string refused = refusal(receipt);
    EXPECT_TRUE(begins(refused, "noncash_above_total: command.receipt.payments")) << refused;
}

TEST_F(BadInputTest, NegativePrice) {
    EXPECT_EQ(refusal(RequestKind::submit, with_line_field("price_minor", Value(std::int64_t{-1}))),
              "bad_field: command.receipt.lines[0].price_minor: an integer from 0 to 99999999999, "
              "not -1");
}

TEST_F(BadInputTest, TooManyDecimals) {
    EXPECT_EQ(
        refusal(RequestKind::submit, with_line_field("quantity_scale", Value(std::int64_t{7}))),
        "bad_field: command.receipt.lines[0].quantity_scale: an integer from 0 to 6, not 7");
    const std::string refused =
        refusal(RequestKind::submit, with_line_field("price_minor", Value(120.005)));
    EXPECT_TRUE(begins(refused, "bad_field: command.receipt.lines[0].price_minor: an integer"))
        << refused;
}

TEST_F(BadInputTest, MoreLinesThanAReceiptHas) {
    contract::Receipt receipt = tea();
    receipt.lines.resize(1001, receipt.lines.front());
    EXPECT_EQ(refusal(receipt),
              "bad_field: command.receipt.lines: a list of 1 to 1000 entries, not 1001");
}

TEST_F(BadInputTest, VatThatDoesNotExist) {
    const std::string refused =
        refusal(RequestKind::submit, with_line_field("vat", Value(std::int64_t{77})));
    EXPECT_TRUE(begins(refused, "bad_field: command.receipt.lines[0].vat: one of standard (1)"))
        << refused;
}

TEST_F(BadInputTest, TextThatIsNotUtf8) {
    EXPECT_EQ(refusal(RequestKind::submit, with_line_field("name", Value(std::string("\xC0\x80")))),
              "bad_field: command.receipt.lines[0].name: text in UTF-8");
}

TEST_F(BadInputTest, DiscountAboveItsLine) {
    contract::Receipt receipt = tea();
    receipt.lines[0].discount_minor = 12001;
    const std::string refused = refusal(receipt);
    EXPECT_TRUE(begins(refused, "bad_field: command.receipt.lines[0].discount_minor")) << refused;
}

TEST_F(BadInputTest, MissingFieldsAndWrongTypes) {
    contract::SubmitRequest request = submit_of(tea());
    EXPECT_EQ(refusal(RequestKind::submit,
                      replaced(contract::to_value(request), {"command"}, Value(Value::Map{}))),
              "bad_field: command: a map with exactly one entry, the name of the case");
    EXPECT_EQ(refusal(RequestKind::submit, Value(Value::Map{})), "bad_field: session: is required");
    const std::string refused =
        refusal(RequestKind::submit,
                replaced(contract::to_value(request), {"operation_id"}, Value(std::string("17"))));
    EXPECT_TRUE(begins(refused, "bad_field: operation_id: a UUID of version 7")) << refused;
}

TEST_F(BadInputTest, DeviceThatIsNotConfigured) {
    contract::SubmitRequest request = submit_of(tea());
    request.device = "kasse";
    const std::string refused = refusal(RequestKind::submit, contract::to_value(request));
    EXPECT_TRUE(begins(refused, "unknown_device: device: no device 'kasse'")) << refused;
}

TEST_F(BadInputTest, SessionOfAnotherConnection) {
    contract::SubmitRequest request = submit_of(tea());
    request.session = client_->hello().session;
    const std::string refused = refusal(RequestKind::submit, contract::to_value(request));
    EXPECT_TRUE(begins(refused, "stale_session: session")) << refused;
}

TEST_F(BadInputTest, IdThatIsTakenByOtherContent) {
    const auto options = new_id();
    ASSERT_TRUE(client_->sell("kassa", tea(), options, deadline()));
    left_in_book_ = 1;  // the first content only
    contract::Receipt other = tea();
    other.lines[0].name = "Coffee";
    const auto refused = client_->sell("kassa", other, options, deadline());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::ErrorCode::conflict);
    EXPECT_TRUE(begins(refused.error().detail, "operation_id:")) << refused.error().detail;
}

TEST_F(BadInputTest, ConnectionThatHasNotSaidHello) {
    const contract::Request request{RequestKind::devices, 5, 0, Value(Value::Map{})};
    const std::string refused = answer_to(contract::to_value(request));
    EXPECT_TRUE(begins(refused, "no_session")) << refused;
}

TEST_F(BadInputTest, VersionThatIsNotSpoken) {
    Value message =
        contract::to_value(contract::Request{RequestKind::devices, 5, 0, Value(Value::Map{})});
    const std::string refused = answer_to(replaced(message, {"v"}, Value(std::int64_t{2})));
    EXPECT_TRUE(begins(refused, "wrong_version: ")) << refused;
    const contract::HelloRequest hello{"raw", {2, 3}, ""};
    const std::string greeting = refusal(RequestKind::hello, contract::to_value(hello));
    EXPECT_TRUE(begins(greeting, "wrong_version: versions")) << greeting;
}

TEST_F(BadInputTest, KindThatIsNotKnown) {
    Value message =
        contract::to_value(contract::Request{RequestKind::devices, 5, 0, Value(Value::Map{})});
    const std::string refused =
        answer_to(replaced(message, {"kind"}, Value(std::string("weather"))));
    EXPECT_TRUE(begins(refused, "unknown_kind: ")) << refused;
}

TEST_F(BadInputTest, FrameAboveTheLimitEndsTheConnection) {
    EXPECT_EQ(answer_to(base::Bytes(contract::kFrameBytesMax + 1, std::byte{0x01})), "");
    EXPECT_TRUE(client_->devices(deadline()));  // of this connection only
}

TEST_F(BadInputTest, MessageThatIsNestedTooDeeply) {
    Value deep;
    for (std::size_t i = 0; i < contract::kDepthMax; ++i) {
        deep = Value(Value::Array{deep});
    }
    const contract::Request request{RequestKind::devices, 5, 0, deep};
    const std::string refused = answer_to(contract::to_value(request));
    EXPECT_TRUE(begins(refused, "too_large: ")) << refused;
}

TEST_F(BadInputTest, EveryTruncationOfASubmit) {
    const contract::Request request{RequestKind::submit, 5, 0,
                                    contract::to_value(submit_of(tea()))};
    const base::Bytes whole = ipc::encode_msgpack(contract::to_value(request));
    // One connection a cut: a peer that talks nonsense is soon no longer answered.
    for (std::size_t length = 0; length < whole.size(); length += 7) {
        const std::string refused = answer_to(base::ByteView(whole).first(length));
        EXPECT_TRUE(begins(refused, "malformed: ")) << length << ": " << refused;
    }
}

TEST_F(BadInputTest, BytesBehindTheMessage) {
    const contract::Request request{RequestKind::devices, 5, 0, Value(Value::Map{})};
    base::Bytes bytes = ipc::encode_msgpack(contract::to_value(request));
    bytes.push_back(std::byte{0xC0});
    const std::string refused = answer_to(bytes);
    EXPECT_TRUE(begins(refused, "malformed: ")) << refused;
}

TEST_F(BadInputTest, PeerThatTalksNonsenseIsNoLongerAnsweredAndHarmsNobody) {
    const auto socket = MUST(ipc::ZmqSocket::create(ipc::ZmqKind::dealer));
    MUST(socket->connect(shop_->endpoint()));
    for (int i = 0; i < 1000; ++i) {
        socket->send({}, base::Bytes(64, std::byte{0xC1}));
    }
    const auto sold = client_->sell("kassa", tea(), new_id(), deadline());
    ASSERT_TRUE(sold) << base::to_text(sold.error());
    EXPECT_EQ(sold->state, contract::OperationState::done);
    left_in_book_ = 1;
}

using BadTextTest = support::CounterTest;

// Which letters can be printed stands in the driver's manifest, so that devd refuses them itself.
TEST_F(BadTextTest, TextThatTheCodePageCannotShowIsRefusedAndLeavesNothingInTheBook) {
    ASSERT_TRUE(shop_->configure(
        "kassa", "driver = \"fiscal/shtrih\"\nport = \"pty:" + shop_->pty("kassa") + "\"\n"));
    ASSERT_TRUE(shop_->start_simulator("kassa", "fiscal/shtrih"));
    start_devd();
    connect();
    set_layout("kassa");
    const auto opened = client_->carry_out("kassa", contract::OpenShift{}, new_id(), deadline());
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    ASSERT_EQ(opened->state, contract::OperationState::done);
    const std::string documents = MUST(shop_->ctl("kassa", {"documents", "--json"}));

    contract::Receipt receipt = tea();
    receipt.lines[0].name = "Tea \xE1\x83\xA9";  // Georgian letter chin
    const auto id = new_id();
    const auto refused = client_->sell("kassa", receipt, id, deadline());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::ErrorCode::text_not_printable);
    EXPECT_EQ(refused.error().effect, base::Effect::none);
    EXPECT_TRUE(begins(refused.error().detail, "command.receipt.lines[0].name: "))
        << refused.error().detail;
    const auto unknown = client_->operation(id.operation_id, deadline());
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, base::ErrorCode::unknown_operation);
    EXPECT_EQ(MUST(shop_->ctl("kassa", {"documents", "--json"})), documents);
}

}  // namespace
}  // namespace tillhost
