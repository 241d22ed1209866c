// Claim: the figures are text that Prometheus reads: every family has its help and type once and
// before its samples, names and labels keep its rules, no sample comes twice, counters end in
// _total and histograms add up; they say what the core and the store hold. The listener answers
// GET /metrics and nothing else, holds few connections and is not held up by any.
// Shown by a parser of the text format written here, and by sockets on a loop.
#include "devd/runtime/metrics.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "devd/runtime/metrics_listener.h"

namespace tillhost::devd::runtime {
namespace {

using contract::DeviceState;
using contract::OperationState;

/// The text as Prometheus takes it; any breach of the format is a failure.
class Parsed {
public:
    explicit Parsed(const std::string& text) {
        EXPECT_TRUE(text.ends_with('\n'));
        std::istringstream in(text);
        for (std::string line; std::getline(in, line);) {
            line.starts_with("# ") ? read_comment(line) : read_sample(line);
        }
        check_histograms();
    }
    double at(const std::string& series) const {
        const auto found = samples_.find(series);
        EXPECT_NE(found, samples_.end()) << series;
        return found == samples_.end() ? -1 : found->second;
    }
    bool has(const std::string& series) const { return samples_.contains(series); }
    std::size_t size() const { return samples_.size(); }

private:
    void read_comment(const std::string& line) {
        static const std::regex help("# HELP (tillhost_[a-z_]+) \\S.*");
        static const std::regex type("# TYPE (tillhost_[a-z_]+) (counter|gauge|histogram)");
        std::smatch parts;
        if (std::regex_match(line, parts, help)) {
            EXPECT_TRUE(helped_.insert(parts[1]).second) << "help twice: " << line;
            return;
        }
        ASSERT_TRUE(std::regex_match(line, parts, type)) << line;
        EXPECT_TRUE(helped_.contains(parts[1])) << line;
        EXPECT_TRUE(types_.emplace(parts[1], parts[2]).second) << "type twice: " << line;
        EXPECT_EQ(parts[2] == "counter", parts[1].str().ends_with("_total")) << line;
        family_ = parts[1];
    }
    void read_sample(const std::string& line) {
        static const std::regex sample(
            "(tillhost_[a-z_]+)(\\{(?:[a-z_]+=\"(?:[^\"\\\\]|\\\\.)*\",?)+\\})? "
            "(-?[0-9.]+(?:e[+-][0-9]+)?)");
        std::smatch parts;
        ASSERT_TRUE(std::regex_match(line, parts, sample)) << line;
        const std::string name = parts[1];
        const bool histogram = types_[family_] == "histogram";
        EXPECT_TRUE(name == family_ || (histogram && name.starts_with(family_ + "_"))) << line;
        const std::string series = name.substr(9) + parts[2].str();
        EXPECT_TRUE(samples_.emplace(series, std::stod(parts[3])).second) << "twice: " << line;
        if (name.ends_with("_bucket")) {
            buckets_[family_].push_back(std::stod(parts[3]));
        }
    }
    void check_histograms() {
        for (const auto& [family, counts] : buckets_) {
            EXPECT_TRUE(std::is_sorted(counts.begin(), counts.end())) << family;
            EXPECT_EQ(counts.back(), at(family.substr(9) + "_count")) << family;
        }
    }
    std::string family_;
    std::set<std::string> helped_;
    std::map<std::string, std::string> types_;
    std::map<std::string, double> samples_;
    std::map<std::string, std::vector<double>> buckets_;
};

core::Figures some() {
    core::Figures figures;
    core::DeviceFigures kassa;
    kassa.device.device = "kassa";
    kassa.device.state = DeviceState::in_doubt;
    kassa.device.last_ok_ms = 1500;
    kassa.device.queue = 3;
    kassa.host_starts = 4;
    kassa.shift_open_for = std::chrono::minutes(90);
    figures.devices.push_back(kassa);
    core::DeviceFigures silent;
    silent.device.device = "scale";
    silent.device.state = DeviceState::opening;
    silent.device.last_ok_ms = -1;
    figures.devices.push_back(silent);
    auto& counts = figures.counts["kassa"];
    counts.held[static_cast<std::size_t>(OperationState::done)] = 7;
    counts.entered[static_cast<std::size_t>(OperationState::done)] = 9;
    counts.entered[static_cast<std::size_t>(OperationState::prepared)] = 9;
    figures.doubts = {{{}, "kassa", true}, {{}, "kassa", false}, {{}, "kassa", false}};
    figures.operations = 8;
    figures.watermark_ms = 1'780'000'000'500;
    figures.program_version = "0.9 \"beta\"\\";
    return figures;
}

TEST(Metrics, AreTextThatPrometheusReadsAndSayWhatIsHeld) {
    LatencyHistogram commits;
    commits.add(std::chrono::microseconds(700));
    commits.add(std::chrono::milliseconds(30));
    commits.add(std::chrono::seconds(60));
    SqliteStore::Figures store;
    store.commit = commits.read();
    store.free_bytes = 5'000'000'000;
    const Parsed figures(metrics_text(some(), store, {}));
    EXPECT_EQ(figures.at("operations{device=\"kassa\",state=\"done\"}"), 7);
    EXPECT_EQ(figures.at("operations{device=\"kassa\",state=\"prepared\"}"), 0)
        << "a series that was there does not vanish";
    EXPECT_EQ(figures.at("operations_entered_total{device=\"kassa\",state=\"done\"}"), 9);
    EXPECT_EQ(figures.at("doubts_waiting{by=\"person\"}"), 1);
    EXPECT_EQ(figures.at("doubts_waiting{by=\"device\"}"), 2);
    EXPECT_EQ(figures.at("device_state{device=\"kassa\",state=\"in_doubt\"}"), 1);
    EXPECT_EQ(figures.at("device_state{device=\"kassa\",state=\"ready\"}"), 0);
    EXPECT_EQ(figures.at("device_queue_length{device=\"kassa\"}"), 3);
    EXPECT_EQ(figures.at("device_host_starts_total{device=\"kassa\"}"), 4);
    EXPECT_EQ(figures.at("device_last_ok_age_seconds{device=\"kassa\"}"), 1.5);
    EXPECT_FALSE(figures.has("device_last_ok_age_seconds{device=\"scale\"}"));
    EXPECT_EQ(figures.at("device_shift_open_seconds{device=\"kassa\"}"), 5400);
    EXPECT_EQ(figures.at("store_commit_seconds_bucket{le=\"0.001\"}"), 1);
    EXPECT_EQ(figures.at("store_commit_seconds_bucket{le=\"0.05\"}"), 2);
    EXPECT_EQ(figures.at("store_commit_seconds_bucket{le=\"+Inf\"}"), 3);
    EXPECT_EQ(figures.at("store_free_bytes"), 5'000'000'000);
    EXPECT_EQ(figures.at("book_watermark_timestamp_seconds"), 1'780'000'000.5);
    EXPECT_EQ(figures.at("build_info{version=\"0.9 \\\"beta\\\"\\\\\"}"), 1);
}

TEST(MetricsRequest, IsReadWholeAndNothingElseIsAnswered) {
    using enum MetricsRequest;
    EXPECT_EQ(read_metrics_request(""), incomplete);
    EXPECT_EQ(read_metrics_request("GET /metrics HTTP/1.1\r\nHost: a\r\n"), incomplete);
    EXPECT_EQ(read_metrics_request("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"), figures);
    EXPECT_EQ(read_metrics_request("GET /metrics?x=1 HTTP/1.0\n\n"), figures);
    EXPECT_EQ(read_metrics_request("GET / HTTP/1.0\r\n\r\n"), no_such_page);
    EXPECT_EQ(read_metrics_request("POST /metrics HTTP/1.0\r\n\r\n"), wrong_method);
    EXPECT_EQ(read_metrics_request("GET /metrics\r\n\r\n"), malformed);
    EXPECT_EQ(read_metrics_request("\r\n\r\n"), malformed);
    EXPECT_EQ(read_metrics_request(std::string(kMetricsRequestBytesMax, 'a')), malformed);
}

class ListenerTest : public testing::Test {
protected:
    ListenerTest()
        : loop_(MUST(os::EventLoop::create(clock_))),
          listener_(MUST(MetricsListener::open(0, *loop_, clock_))) {}

    os::Descriptor connect() const {
        os::Descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(listener_->port());
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        return fd;
    }
    static void say(const os::Descriptor& fd, std::string_view text) {
        EXPECT_EQ(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
    }
    /// All that comes until the other end closes; the loop runs meanwhile.
    std::string heard(const os::Descriptor& fd) {
        std::string all;
        char block[65536];
        while (true) {
            const ssize_t count = ::recv(fd.get(), block, sizeof block, MSG_DONTWAIT);
            if (count == 0 || (count < 0 && errno != EAGAIN)) {
                return all;
            }
            if (count > 0) {
                all.append(block, static_cast<std::size_t>(count));
            } else {
                turn();
            }
        }
    }
    void turn() { loop_->run_once(clock_.now() + std::chrono::seconds(10)); }

    os::SystemClock clock_;
    std::unique_ptr<os::EventLoop> loop_;
    std::unique_ptr<MetricsListener> listener_;
};

TEST_F(ListenerTest, AnswersARequestThatComesInPieces) {
    listener_->set_figures([] { return "tillhost_x 1\n"; });
    const os::Descriptor fd = connect();
    say(fd, "GET /met");
    turn();
    say(fd, "rics HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string answer = heard(fd);
    EXPECT_TRUE(answer.starts_with("HTTP/1.0 200 OK\r\n"));
    EXPECT_TRUE(answer.ends_with("\r\n\r\ntillhost_x 1\n"));
    EXPECT_NE(answer.find("Content-Length: 13\r\n"), std::string::npos);
    EXPECT_EQ(listener_->answered(), 1U);
}

TEST_F(ListenerTest, SendsALargeAnswerToAReaderThatIsSlow) {
    listener_->set_figures([] { return std::string(8'000'000, 'x'); });
    const os::Descriptor fd = connect();
    say(fd, "GET /metrics HTTP/1.0\r\n\r\n");
    EXPECT_GT(heard(fd).size(), 8'000'000U);
}

TEST_F(ListenerTest, HoldsFewConnectionsAndRefusesMore) {
    listener_->set_figures([] { return "x 1\n"; });
    std::vector<os::Descriptor> silent;
    for (std::size_t i = 0; i < kScrapesMax; ++i) {
        silent.push_back(connect());
        turn();
    }
    const os::Descriptor more = connect();
    EXPECT_EQ(heard(more), "") << "ended without an answer";
    EXPECT_EQ(listener_->refused(), 1U);
    silent.pop_back();
    turn();
    const os::Descriptor next = connect();
    say(next, "GET /metrics HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(heard(next).starts_with("HTTP/1.0 200"));
}

}  // namespace
}  // namespace tillhost::devd::runtime
