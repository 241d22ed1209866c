#include "tests/bench/references.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>
#include <zmq.h>

#include <array>
#include <cerrno>

namespace tillhost::bench {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

namespace {

constexpr int kAnswerMsMax = 10'000;

base::Error zmq_error(std::string_view what) {
    return make_error(ErrorCode::system_failed,
                      std::string(what) + ": " + ::zmq_strerror(::zmq_errno()));
}

}  // namespace

Result<std::unique_ptr<PingPong>> PingPong::start(const std::string& folder,
                                                  const Processors& processors) {
    std::unique_ptr<PingPong> pair(new PingPong);
    const std::string address = "ipc://" + folder + "/pong.sock";
    const std::string self = TRY(os::program_folder()) + "run_bench";
    processors.be_service();
    auto pong = os::Child::spawn({.program = self, .arguments = {"--pong", address}});
    processors.be_client();
    pair->pong_ = TRY(std::move(pong));
    pair->context_ = ::zmq_ctx_new();
    pair->socket_ = ::zmq_socket(pair->context_, ZMQ_REQ);
    ::zmq_setsockopt(pair->socket_, ZMQ_RCVTIMEO, &kAnswerMsMax, sizeof kAnswerMsMax);
    const int linger = 0;
    ::zmq_setsockopt(pair->socket_, ZMQ_LINGER, &linger, sizeof linger);
    if (::zmq_connect(pair->socket_, address.c_str()) != 0) {
        return zmq_error(address);
    }
    TRY(pair->once());
    return pair;
}

PingPong::~PingPong() {
    ::zmq_close(socket_);
    ::zmq_ctx_term(context_);
}

Done PingPong::once() {
    std::array<std::byte, kBytes> ball{};
    if (::zmq_send(socket_, ball.data(), ball.size(), 0) < 0 ||
        ::zmq_recv(socket_, ball.data(), ball.size(), 0) != static_cast<int>(kBytes)) {
        return zmq_error("ping-pong");
    }
    return {};
}

int PingPong::answer(const std::string& address) {
    void* context = ::zmq_ctx_new();
    void* socket = ::zmq_socket(context, ZMQ_REP);
    if (::zmq_bind(socket, address.c_str()) != 0) {
        return 1;
    }
    std::array<std::byte, kBytes> ball{};
    while (::zmq_recv(socket, ball.data(), ball.size(), 0) >= 0) {
        ::zmq_send(socket, ball.data(), ball.size(), 0);
    }
    return 1;
}

struct Commits::Parts {
    sqlite3* database = nullptr;
    sqlite3_stmt* insert = nullptr;
    std::int64_t rows = 0;
    base::Bytes row{};

    ~Parts() {
        ::sqlite3_finalize(insert);
        ::sqlite3_close(database);
    }
    base::Error error() const {
        return make_error(ErrorCode::storage_failed, ::sqlite3_errmsg(database));
    }
};

Commits::Commits(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Commits::~Commits() = default;

Result<std::unique_ptr<Commits>> Commits::open(const std::string& folder, const std::string& name,
                                               int row_bytes) {
    auto parts = std::make_unique<Parts>();
    parts->row.assign(static_cast<std::size_t>(row_bytes), std::byte{1});
    constexpr const char* kSetUp =
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000;"
        "CREATE TABLE row (id TEXT NOT NULL PRIMARY KEY, content BLOB) STRICT, WITHOUT ROWID;";
    constexpr const char* kInsert = "INSERT INTO row VALUES (printf('%036d', ?), ?)";
    if (::sqlite3_open((folder + "/" + name).c_str(), &parts->database) != SQLITE_OK ||
        ::sqlite3_exec(parts->database, kSetUp, nullptr, nullptr, nullptr) != SQLITE_OK ||
        ::sqlite3_prepare_v2(parts->database, kInsert, -1, &parts->insert, nullptr) != SQLITE_OK) {
        return parts->error();
    }
    return std::unique_ptr<Commits>(new Commits(std::move(parts)));
}

Done Commits::once() {
    sqlite3_stmt* insert = parts_->insert;
    ::sqlite3_bind_int64(insert, 1, ++parts_->rows);
    ::sqlite3_bind_blob(insert, 2, parts_->row.data(), static_cast<int>(parts_->row.size()),
                        SQLITE_STATIC);
    const int code = ::sqlite3_step(insert);
    ::sqlite3_reset(insert);
    return code == SQLITE_DONE ? Done() : Done(parts_->error());
}

Result<std::unique_ptr<Syncs>> Syncs::open(const std::string& folder) {
    const std::string path = folder + "/reference.sync";
    os::Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!file.valid()) {
        return os::system_error(path, errno);
    }
    return std::unique_ptr<Syncs>(new Syncs(std::move(file)));
}

Done Syncs::once() {
    if (::write(file_.get(), page_.data(), page_.size()) < 0 || ::fdatasync(file_.get()) != 0) {
        return os::system_error("fdatasync", errno);
    }
    return {};
}

}  // namespace tillhost::bench
