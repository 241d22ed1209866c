// sumpd under requests: what one costs against nginx and SQLite doing the least of it, SOAP against
// JSON, questions whether there is news, a thousand slow connections.
#include <fmt/format.h>
#include <unistd.h>

#include <functional>
#include <optional>

#include "tests/bench/exchange_bodies.h"
#include "tests/bench/exchange_shop.h"
#include "tests/bench/groups.h"
#include "tests/bench/nginx.h"
#include "tests/bench/references.h"

namespace tillhost::bench {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr std::size_t kApps = 20;
constexpr os::Duration kLoadTime = std::chrono::milliseconds(400);
constexpr int kCommits = 200;  ///< of the reference, in a round
constexpr int kRowBytes = 2000;
constexpr double kOfReferenceMax = 2;
constexpr double kOfJsonMax = 2;
constexpr double kPutsMin = 1500;
constexpr double kPutP99MsMax = 15;
constexpr double kPutCpuUsMax = 150;
constexpr double kIdleChangesMin = 15'000;

constexpr std::size_t kSlow = 1000;
constexpr int kProbes = 200;
constexpr os::Duration kProbePace = std::chrono::milliseconds(5);
constexpr double kProbeP99MsMax = 50;
constexpr double kSlowMibMax = 64;
constexpr double kMib = 1024.0 * 1024.0;

Figure at_least(Figure figure) {
    figure.sense = Figure::Sense::at_least;
    return figure;
}

/// What a load has cost the processes that are looked at.
struct Cost {
    std::vector<double> cpu_us;  ///< of each process, a request
    HttpsLoad load;
};

Result<Cost> cost_of(HttpsClients& clients, const std::vector<pid_t>& processes,
                     const HttpsClients::Next& next, const HttpsClients::Take& take) {
    std::vector<std::uint64_t> before;
    for (const pid_t one : processes) {
        before.push_back(TRY(processor_ns(one)));
    }
    Cost cost;
    cost.load = TRY(clients.put_load(next, take, kLoadTime));
    for (std::size_t i = 0; i < processes.size(); ++i) {
        const auto ns = static_cast<double>(TRY(processor_ns(processes[i])) - before[i]);
        cost.cpu_us.push_back(ns / 1e3 / static_cast<double>(cost.load.answers));
    }
    return cost;
}

HttpsClients::Take expecting(std::string_view word) {
    return [word](std::size_t, const HttpsAnswer& answer) -> Done {
        const bool good = answer.status == 200 && answer.body.find(word) != std::string_view::npos;
        return good ? Done()
                    : Done(make_error(ErrorCode::wrong_state,
                                      fmt::format("{} {}", answer.status, answer.body)));
    };
}

/// Twenty phones that deliver receipts.
class Phones final {
public:
    static Result<std::unique_ptr<Phones>> start(ExchangeShop& shop) {
        std::unique_ptr<Phones> phones(new Phones(shop));
        for (std::size_t i = 0; i < kApps; ++i) {
            phones->apps_.push_back({.app = TRY(shop.enroll())});
        }
        phones->clients_ = TRY(shop.connect(kApps));
        return phones;
    }

    Result<Cost> deliver_json() { return deliver(*clients_, json(), "\"stored\""); }
    Result<Cost> deliver_soap() {
        const auto next = [this](std::size_t client) {
            return https_request("POST", "/soap", apps_[client].app.device,
                                 put_as_soap(numbers(client)), "text/xml; charset=utf-8");
        };
        return deliver(*clients_, next, ">stored<");
    }
    /// The same requests to somebody else, who says something of their own.
    HttpsClients::Next json() {
        return [this](std::size_t client) {
            return https_request("POST", "/v1/app/documents", apps_[client].app.device,
                                 put_as_json(numbers(client)));
        };
    }
    /// Receipts of one phone, one behind the other; syncs of each.
    Result<double> syncs_of_one() {
        const auto alone = TRY(shop_.connect(1));
        const std::uint64_t before = shop_.syncs();
        const Cost cost = TRY(deliver(*alone, json(), "\"stored\""));
        return static_cast<double>(shop_.syncs() - before) / static_cast<double>(cost.load.answers);
    }
    std::string cipher() const { return clients_->cipher(); }

private:
    struct Phone {
        ExchangeShop::App app;
        std::int64_t seq = 0;
    };
    explicit Phones(ExchangeShop& shop) : shop_(shop) {}

    ReceiptNumbers numbers(std::size_t client) { return {++documents_, ++apps_[client].seq}; }
    Result<Cost> deliver(HttpsClients& clients, const HttpsClients::Next& next,
                         std::string_view word) {
        return cost_of(clients, {shop_.sumpd()}, next, expecting(word));
    }

    ExchangeShop& shop_;
    std::vector<Phone> apps_;
    std::unique_ptr<HttpsClients> clients_;
    std::int64_t documents_ = 0;
};

/// nginx that passes the same requests on, and commits of SQLite.
class Reference final {
public:
    struct Round {
        double proxy_us = 0;
        double null_us = 0;
        double commit_us = 0;
    };
    /// Nothing if nginx is not installed.
    static Result<std::unique_ptr<Reference>> start(Bench& bench, const ExchangeShop& shop,
                                                    const Phones& phones) {
        constexpr const char* kAnswer =
            R"({"result":[{"docId":"0190f5c4-6f6e-7cc1-9f0a-000000000001","status":"stored",)"
            R"("receivedAt":"2026-11-27T10:00:00.000+00:00"}]})";
        std::unique_ptr<Reference> one(new Reference);
        if (::access(kNginx, X_OK) != 0) {
            return std::unique_ptr<Reference>();
        }
        one->nginx_ = TRY(NginxPair::start(bench, shop.certificate(), shop.key(), kAnswer));
        one->clients_ = TRY(HttpsClients::connect(bench.clock, one->nginx_->port(), kApps));
        one->commits_ = TRY(Commits::open(shop.folder(), "reference.db", kRowBytes));
        if (one->clients_->cipher() != phones.cipher()) {
            return make_error(
                ErrorCode::wrong_state,
                fmt::format("nginx has {}, sumpd {}", one->clients_->cipher(), phones.cipher()));
        }
        return one;
    }

    Result<Round> play(const HttpsClients::Next& requests) {
        const Cost cost = TRY(cost_of(*clients_, {nginx_->proxy(), nginx_->null_server()}, requests,
                                      expecting("\"stored\"")));
        const std::uint64_t before = TRY(processor_ns(::getpid()));
        for (int i = 0; i < kCommits; ++i) {
            TRY(commits_->once());
        }
        const auto ns = static_cast<double>(TRY(processor_ns(::getpid())) - before);
        return Round{cost.cpu_us[0], cost.cpu_us[1], ns / 1e3 / kCommits};
    }

private:
    Reference() = default;
    std::unique_ptr<NginxPair> nginx_;
    std::unique_ptr<HttpsClients> clients_;
    std::unique_ptr<Commits> commits_;
};

struct PutRounds {
    std::vector<double> cpu_us, per_second, p99_ms, soap_us;
    std::vector<double> reference_us, null_us, commit_us;

    void add(const Cost& json, const Cost& soap) {
        cpu_us.push_back(json.cpu_us.front());
        per_second.push_back(json.load.per_second);
        p99_ms.push_back(json.load.p99_ms);
        soap_us.push_back(soap.cpu_us.front());
    }
    void add(const Reference::Round& round) {
        reference_us.push_back(round.proxy_us + round.commit_us);
        null_us.push_back(round.null_us);
        commit_us.push_back(round.commit_us);
    }
};

void add_reference_figures(const PutRounds& rounds, std::vector<Figure>& to) {
    constexpr const char* kName = "PutDocuments, CPU: sumpd / nginx + a commit";
    if (rounds.reference_us.empty()) {
        to.push_back({.name = kName, .measured = "NOT MEASURED: nginx-light is not installed"});
        return;
    }
    to.push_back(compare(kName, rounds.cpu_us, rounds.reference_us, "us", kOfReferenceMax));
    to.push_back({.name = "  of the reference, the commit",
                  .measured = "",
                  .reference = fmt::format("{:.1f} us", median(rounds.commit_us))});
    to.push_back({.name = "  behind nginx, the null server (not counted)",
                  .measured = "",
                  .reference = fmt::format("{:.1f} us", median(rounds.null_us))});
}

Result<std::vector<Figure>> measure_puts(Bench& bench, ExchangeShop& shop, Phones& phones) {
    const auto reference = TRY(Reference::start(bench, shop, phones));
    PutRounds rounds;
    for (int round = -1; round < kRounds; ++round) {  // one to get warm
        const Cost json = TRY(phones.deliver_json());
        Reference::Round beside;
        if (reference != nullptr) {
            beside = TRY(reference->play(phones.json()));
        }
        const Cost soap = TRY(phones.deliver_soap());
        if (round >= 0) {
            rounds.add(json, soap);
        }
        if (round >= 0 && reference != nullptr) {
            rounds.add(beside);
        }
    }
    std::vector<Figure> figures;
    add_reference_figures(rounds, figures);
    figures.push_back(absolute("PutDocuments, CPU", median(rounds.cpu_us), kPutCpuUsMax, "us"));
    figures.push_back(at_least(
        absolute("PutDocuments, 20 connections", median(rounds.per_second), kPutsMin, "/s")));
    figures.push_back(absolute("  p99", median(rounds.p99_ms), kPutP99MsMax, "ms"));
    figures.push_back(compare("PutDocuments, CPU: SOAP 1.1 / JSON", rounds.soap_us, rounds.cpu_us,
                              "us", kOfJsonMax));
    const double syncs = TRY(phones.syncs_of_one());
    figures.push_back({.name = "syncs a document, 1 connection",
                       .measured = fmt::format("{:.2f}", syncs),
                       .reference = "1 commit",
                       .ratio = syncs,
                       .bound = 1,
                       .sense = Figure::Sense::at_least});
    return figures;
}

Result<std::vector<Figure>> measure_idle_changes(ExchangeShop& shop) {
    const ExchangeShop::App app = TRY(shop.enroll_and_login());
    const auto clients = TRY(shop.connect(kApps));
    const std::string first =
        TRY(clients->ask(https_request("GET", "/v1/app/changes?maxBytes=65536", app.session)));
    const std::string path =
        fmt::format("/v1/app/changes?maxBytes=65536&cursor={}", TRY(member_of(first, "cursor")));
    const std::string request = https_request("GET", path, app.session);
    std::vector<double> per_second;
    std::vector<double> cpu_us;
    for (int round = -1; round < kRounds; ++round) {
        const Cost cost = TRY(cost_of(
            *clients, {shop.sumpd()}, [&](std::size_t) { return request; },
            expecting("\"more\":false")));
        if (round >= 0) {
            per_second.push_back(cost.load.per_second);
            cpu_us.push_back(cost.cpu_us.front());
        }
    }
    return std::vector<Figure>{at_least(absolute("GetChanges, nothing new, 20 connections",
                                                 median(per_second), kIdleChangesMin, "/s")),
                               absolute("  CPU of sumpd; bound: one processor's", median(cpu_us),
                                        1e6 / kIdleChangesMin, "us")};
}

/// Each says a byte of a header now and then, and is cut at the header's deadline at last.
Result<std::vector<Figure>> measure_slow(Bench& bench, ExchangeShop& shop) {
    const auto slow = TRY(shop.connect(kSlow));
    const auto probes = TRY(shop.connect(1));
    const std::string probe = https_request("GET", "/healthz", "");
    std::vector<double> each;
    for (int i = 0; i < kProbes; ++i) {
        const os::Instant start = bench.clock.now();
        for (std::size_t j = 0; j < kSlow / kProbes; ++j) {
            TRY(slow->say(static_cast<std::size_t>(i) * (kSlow / kProbes) + j, "G"));
        }
        const os::Instant asked = bench.clock.now();
        TRY(probes->ask(probe));
        each.push_back(microseconds(bench.clock.now() - asked) / 1e3);
        bench.clock.sleep_until(start + kProbePace);
    }
    const Resident resident = TRY(resident_bytes(shop.sumpd()));
    return std::vector<Figure>{
        absolute("probe beside 1,000 slow connections, p99", percentile(std::move(each), 0.99),
                 kProbeP99MsMax, "ms"),
        absolute("  sumpd's resident memory", static_cast<double>(resident.now) / kMib, kSlowMibMax,
                 "MiB")};
}

void append(std::vector<Figure>& to, std::vector<Figure> more) {
    to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

Result<std::vector<Figure>> measure_exchange(Bench& bench) {
    const auto shop = TRY(ExchangeShop::open(bench));
    std::vector<Figure> slow = TRY(measure_slow(bench, *shop));
    const auto phones = TRY(Phones::start(*shop));
    std::vector<Figure> figures = TRY(measure_puts(bench, *shop, *phones));
    append(figures, TRY(measure_idle_changes(*shop)));
    append(figures, std::move(slow));
    return figures;
}

}  // namespace tillhost::bench
