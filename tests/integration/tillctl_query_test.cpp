// Claim: every question that a registrar can answer is asked by tillctl query, and what it keeps
// itself can be set; each answer is readable, and each refusal is typed.
// Shown with devd, its hosts and a simulated Shtrih-M registrar on a pty.
#include "ipc/contract/decoder.h"
#include "ipc/json.h"
#include "tests/integration/counter.h"
#include "tests/integration/run_program.h"

namespace tillhost::support {
namespace {

class TillctlQueryTest : public CounterTest {
protected:
    void SetUp() override {
        ASSERT_TRUE(shop_->configure(
            "kassa", "driver = \"fiscal/shtrih\"\nport = \"pty:" + shop_->pty("kassa") + "\"\n"));
        ASSERT_TRUE(shop_->configure(
            "toy", "driver = \"fiscal/toy\"\nport = \"pty:" + shop_->pty("toy") + "\"\n"));
        ASSERT_TRUE(shop_->start_simulator("kassa", "fiscal/shtrih", {"--ffd", "1.2"}));
        ASSERT_TRUE(shop_->start_simulator("toy", "fiscal/toy"));
        start_devd();
        loop_ = MUST(os::EventLoop::create(clock_));
        const Ran ready = tillctl({"test", "kassa"});
        ASSERT_NE(ready.out.find("The connection check passed."), std::string::npos)
            << ready.out << ready.err;
    }
    /// A shift opens only where header and footer are set and seen.
    void open_shift() {
        ASSERT_EQ(
            tillctl({"layout", "kassa", "--header", "Tea House", "--footer", "Thank you"}).exit, 0);
        ASSERT_EQ(tillctl({"test", "kassa"}).exit, 0);
        ASSERT_EQ(tillctl({"shift", "kassa", "open"}).exit, 0);
    }
    Ran tillctl(std::vector<std::string> words) {
        words.insert(words.begin(),
                     {"--endpoint", shop_->endpoint(), "--timeout", "60", "--lang", "en"});
        return run_program(*loop_, clock_, PROGRAMS_FOLDER "tillctl", std::move(words));
    }
    /// What is said, which must be an answer.
    std::string answer_to(std::vector<std::string> words) {
        words.insert(words.begin(), {"query", "kassa"});
        const Ran ran = tillctl(std::move(words));
        EXPECT_EQ(ran.exit, 0) << ran.out << ran.err;
        return ran.out;
    }
    template <class T>
    T json_of(std::vector<std::string> words) {
        words.insert(words.begin(), {"query", "kassa", "--json"});
        const Ran ran = tillctl(std::move(words));
        EXPECT_EQ(ran.exit, 0) << ran.out << ran.err;
        const auto tree = ipc::from_json(ran.out);
        const auto answer = tree ? contract::from_value<contract::ClassStatus>(*tree)
                                 : base::Result<contract::ClassStatus>(contract::ClassStatus());
        EXPECT_TRUE(answer) << ran.out;
        const T* wanted = answer ? std::get_if<T>(&*answer) : nullptr;
        EXPECT_NE(wanted, nullptr) << ran.out;
        return wanted == nullptr ? T() : *wanted;
    }
    static void expect_all(const std::string& text, const std::vector<std::string>& parts) {
        for (const std::string& part : parts) {
            EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
        }
    }
    std::unique_ptr<os::EventLoop> loop_;
};

TEST_F(TillctlQueryTest, AnswersStatusAndClock) {
    expect_all(answer_to({"status"}),
               {"registrar     ", "shift         closed", "paper         yes"});
    expect_all(answer_to({"clock"}), {"time          20", "s to the clock of devd's machine"});
    EXPECT_FALSE(json_of<contract::FiscalStatus>({"status"}).identity.serial.empty());
    EXPECT_FALSE(json_of<contract::FiscalStatus>({"clock"}).device_time.empty());
}

TEST_F(TillctlQueryTest, AnswersTheFiscalStorage) {
    expect_all(answer_to({"memory"}), {"fiscal memory ", "ends          20", "FFD           1.2",
                                       "not sent      ", "exchange      "});
    EXPECT_FALSE(json_of<contract::FiscalMemory>({"memory"}).registration_number.empty());
}

TEST_F(TillctlQueryTest, AnswersRegisters) {
    ASSERT_NO_FATAL_FAILURE(open_shift());
    ASSERT_EQ(tillctl({"cash", "kassa", "in", "1050.15"}).exit, 0);
    expect_all(answer_to({"registers", "--cash", "241", "--operation", "148-151"}),
               {"cash 241                    1050.15", "operation 148                     0",
                "operation 151                     0"});
    const auto registers =
        json_of<contract::Registers>({"registers", "--cash", "241", "--operation", "153"});
    EXPECT_EQ(registers.cash.at(0).value, 105015);
    EXPECT_EQ(registers.operation.at(0).value, 1);
}

TEST_F(TillctlQueryTest, ReadsAndWritesATableField) {
    expect_all(answer_to({"table", "1", "1", "8"}), {"field         ", "value         ", "from "});
    const auto before = json_of<contract::TableField>({"table", "1", "1", "8"});
    ASSERT_TRUE(before.numeric);
    const std::string other = before.value == std::to_string(before.max)
                                  ? std::to_string(before.min)
                                  : std::to_string(before.max);
    const Ran set = tillctl({"write-table", "kassa", "1", "1", "8", other});
    EXPECT_EQ(set.exit, 0) << set.out << set.err;
    EXPECT_EQ(json_of<contract::TableField>({"table", "1", "1", "8"}).value, other);
}

TEST_F(TillctlQueryTest, SetsAndReadsHeaderAndFooter) {
    const Ran set = tillctl({"layout", "kassa", "--header", "Tea House", "--header",
                             "Main street 1", "--footer", "Thank you"});
    EXPECT_EQ(set.exit, 0) << set.out << set.err;
    expect_all(answer_to({"layout"}), {"header        Tea House\n              Main street 1\n",
                                       "footer        Thank you"});
    const auto layout = json_of<contract::Layout>({"layout"});
    ASSERT_GE(layout.header.size(), 2U);
    EXPECT_EQ(layout.header[1], "Main street 1");
}

TEST_F(TillctlQueryTest, SetsTheClock) {
    const Ran set = tillctl({"clock", "kassa", "now"});
    EXPECT_EQ(set.exit, 0) << set.out << set.err;
    ASSERT_NO_FATAL_FAILURE(open_shift());
    const Ran refused = tillctl({"clock", "kassa", "now"});
    EXPECT_EQ(refused.exit, 1) << refused.out << refused.err;
}

TEST_F(TillctlQueryTest, ChecksAMarkingCodeAndSellsNothing) {
    ASSERT_TRUE(shop_->ctl("kassa", {"fault", "marking", "answer=checked"}));
    const std::string code = "010460043993125621JgXJ5.T\\x1d8005112000\\x1d93xfKr";
    expect_all(answer_to({"marking", code}), {"marking       found right", "result bits   "});
    ASSERT_TRUE(shop_->ctl("kassa", {"fault", "marking", "answer=refused"}));
    EXPECT_EQ(json_of<contract::MarkingCheck>({"marking", code}).result.outcome,
              contract::MarkingOutcome::refused);
    EXPECT_NE(tillctl({"operations"}).out.find("No operations."), std::string::npos);
}

TEST_F(TillctlQueryTest, AnswersAnEchoAndRefusesWhatADeviceCannot) {
    const Ran echo = tillctl({"query", "echo", "echo", "hello"});
    EXPECT_EQ(echo.exit, 0) << echo.err;
    EXPECT_NE(echo.out.find("echo          hello"), std::string::npos) << echo.out;
    const Ran checked = tillctl({"test", "toy"});
    ASSERT_EQ(checked.exit, 0) << checked.out << checked.err;
    const Ran refused = tillctl({"query", "toy", "memory", "--json"});
    EXPECT_EQ(refused.exit, 1);
    EXPECT_NE(refused.err.find("not_supported"), std::string::npos) << refused.err;
    const auto json = ipc::from_json(refused.out);
    ASSERT_TRUE(json && json->find("error") != nullptr) << refused.out;
    EXPECT_EQ(MUST(contract::from_value<contract::Error>(*json->find("error"))).code,
              "not_supported");
    const Ran nobody = tillctl({"query", "none", "status"});
    EXPECT_EQ(nobody.exit, 1);
    EXPECT_NE(nobody.err.find("unknown_device"), std::string::npos) << nobody.err;
}

TEST_F(TillctlQueryTest, PrintsOnPaper) {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"print", "kassa", "Closed on Sunday"},
          {"barcode", "kassa", "ean13", "4600000000008"},
          {"feed", "kassa", "3"},
          {"cut", "kassa"}}) {
        const Ran ran = tillctl(words);
        EXPECT_EQ(ran.exit, 0) << words.front() << ": " << ran.out << ran.err;
    }
    const auto tape = shop_->ctl("kassa", {"tape"});
    ASSERT_TRUE(tape);
    EXPECT_NE(tape->find("Closed on Sunday"), std::string::npos) << *tape;
}

}  // namespace
}  // namespace tillhost::support
