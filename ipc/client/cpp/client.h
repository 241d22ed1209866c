#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hal/base/ids.h"
#include "hal/base/result.h"
#include "hal/os/clock.h"
#include "ipc/client/cpp/connection.h"
#include "ipc/client/cpp/journal.h"
#include "ipc/contract/kinds.h"
#include "ipc/contract/messages.h"
#include "ipc/operation_devices.h"

namespace tillhost::client {

/// Longest time that hello may take, whatever the caller's deadline.
inline constexpr os::Duration kHelloTimeMax = std::chrono::seconds(5);

/// How often an operation in doubt is looked at while its patience lasts.
inline constexpr os::Duration kDoubtLook = std::chrono::milliseconds(200);
/// Events of one topic that may be on their way or unread; renewed as they are read.
inline constexpr std::int64_t kEventCredit = 100;

/// "ipc://$TILLHOST_RUNTIME_DIR/devd.sock"; without the variable /run/tillhost.
std::string default_endpoint();

/// A new id for one operation: UUID version 7 of the present time and the kernel's random bits.
///
/// Write it to your own storage, with the sale, BEFORE it is handed over, and keep it until the
/// result is stored and acknowledged. It is the only thing that leads back to a document whose
/// answer was lost: a program that finds an id without a result after a crash asks for it
/// (operation), makes sure of it (settle), or hands over the same content under it again. A second
/// id for the same sale is a second receipt.
base::OperationId make_operation_id(const os::Clock& clock);

/// Who connects, and where to.
struct ClientOptions {
    std::string endpoint{};  ///< "ipc://PATH"; empty = default_endpoint()
    std::string name{};      ///< of the program, shown to people: "pos 3"; 1 to 64 characters
    std::string program_version{};  ///< for devd's log; at most 64 characters
    /// File in which carry_out() keeps what is not finished, so that the program finds it again
    /// after a crash: see Client::unfinished(). Empty: the program keeps it itself.
    std::string journal{};
    /// Name of another machine that this one is paired with (tillctl pair --with); its devd is
    /// spoken to, encrypted, and `endpoint` is not looked at. Empty: this machine's.
    std::string host{};
    /// Less than this program may itself, for a connection that it makes for somebody else: devd
    /// holds the connection to that role, and to these devices (ids; empty = all).
    contract::Role at_most = contract::Role::administrator;
    std::vector<std::string> only_devices{};
};

/// Where a program stands in the events of a topic: the next one wanted. One that stores it goes on
/// there after its own restart; an empty one means from now on.
struct Place {
    std::int64_t epoch = 0;     ///< a life of devd
    std::int64_t next_seq = 0;  ///< number in that life
};

/// An event of devd, or a gap in them.
struct TopicEvent {
    std::string topic;
    Place next;             ///< from here on the topic goes on
    contract::Event event;  ///< event.body says what happened: Device, Operation, Alarm or Gap
};

/// How often carry_out() shows an operation that it waits for to whoever watches it.
inline constexpr os::Duration kWatchLook = std::chrono::milliseconds(250);

/// Is shown an operation that carry_out() waits for; may read events (next_event) and ask to break
/// it off (abort). False: carry_out() waits no longer and returns it as it stands.
using Watch = std::function<bool(const contract::Operation& so_far)>;

/// How an operation is handed over.
struct OperationOptions {
    base::OperationId operation_id;    ///< of make_operation_id(), stored already
    std::string sale_ref;              ///< the program's own number; unique among its operations
    std::int64_t start_before_ms = 0;  ///< Unix time after which it must not start; 0 = no limit
    bool force = false;                ///< go on in spite of possible_duplicate
    std::int64_t lease = 0;  ///< token of a lease; 0 = that which this client took, if it did
    os::Duration doubt_patience{};  ///< carry_out: how long a doubt may last before it returns
    Watch watch{};                  ///< carry_out: looks on every kWatchLook; empty: nobody does
};

/// True for the states that never change again: done, failed, cancelled, expired, never_accepted.
bool is_final(contract::OperationState state);

/// A POS program's end of devd: plain calls that wait for their answer. For one thread; a program
/// with several makes a client for each.
///
/// Every call waits until its deadline at most, and some two seconds longer for an answer that is
/// on its way. A connection that was lost is made anew by the next call, with a new session. A call
/// never repeats its request by itself, except carry_out() and sell(), which are made for it.
///
/// Errors of every call: those of devd (docs/ipc/operations.md), no_daemon (nothing listens there;
/// effect none), link_lost, deadline_passed, malformed (devd's answer cannot be read). Their effect
/// tells whether the request may have been carried out: with none it certainly was not; with
/// unknown only the operation's id tells.
class Client final {
public:
    /// Connects and says hello. Errors: no_daemon, wrong_version, bad_field (the name), and those
    /// of Journal::open. With a host: not_paired, wrong_host_key, not_encrypted (within seconds),
    /// config_invalid (its file).
    static base::Result<std::unique_ptr<Client>> connect(ClientOptions options, os::Clock& clock,
                                                         os::Deadline deadline);
    /// The same over connections of the caller's making; options.endpoint is not looked at.
    static base::Result<std::unique_ptr<Client>> connect_over(std::unique_ptr<Connector> connector,
                                                              ClientOptions options,
                                                              os::Clock& clock,
                                                              os::Deadline deadline);

    // --- devices

    base::Result<std::vector<contract::Device>> devices(os::Deadline deadline);
    /// The last known status of a device; touches no device. Errors: unknown_device.
    base::Result<contract::Device> status(const std::string& device, os::Deadline deadline);
    /// Asks the device itself. Errors: unknown_device, device_not_ready, and the device's.
    base::Result<contract::ClassStatus> query(const std::string& device,
                                              const contract::Query& query, os::Deadline deadline);

    // --- handing over

    /// Hands an operation over, carries it out and returns the truth: the operation in a final
    /// state, or in doubt, or as it stood at the deadline. The whole of a sale is
    ///
    ///     options.operation_id = make_operation_id(clock);   // and store it
    ///     auto sold = client->sell("kassa", receipt, options, deadline);
    ///     // store what came of it, then
    ///     client->acknowledge(options.operation_id, deadline);
    ///
    /// When the connection breaks, or devd is restarted, it connects again and hands the same
    /// content over under the same id: devd answers with what it holds, or takes it now. It never
    /// makes another id. If devd refuses it then, and an earlier hand-over may have arrived, the id
    /// is settled before the refusal is returned, so that nothing can come of it later.
    ///
    /// Read the result by its state:
    ///  * done: `result` has the document. `registered` and `printed` are two facts: a document
    ///    that is registered and not printed is a success; print a copy, never sell again.
    ///  * failed, cancelled, expired, never_accepted: the device did not act; `error` says why. A
    ///    new attempt is a new operation with a new id.
    ///  * in_doubt: it is not known whether the device acted. Keep the id, sell nothing else in its
    ///    place, and ask for it again: devd asks the device by itself as soon as it answers.
    ///  * accepted, prepared: the deadline came first, or a sale waits for a person: then `error`
    ///    says for what (a step in doubt, compensation_open). Ask again with await().
    ///
    /// An error with effect none means: not handed over, or refused, and nothing will come of it.
    /// An error with effect unknown: the id may be in the book; ask for it by operation(), or make
    /// sure with settle(). Errors beside the general ones: bad_field (the request, or no id),
    /// unknown_device, conflict (the id is taken by other content), possible_duplicate, id_too_old,
    /// retry_later (queue full), storage_full, and for receipts those of check_receipt.
    base::Result<contract::Operation> carry_out(const std::string& device,
                                                const contract::Command& command,
                                                const OperationOptions& options,
                                                os::Deadline deadline);
    /// carry_out() for a receipt.
    base::Result<contract::Operation> sell(const std::string& device,
                                           const contract::Receipt& receipt,
                                           const OperationOptions& options, os::Deadline deadline);

    /// What the journal holds: operations of this or an earlier run of the program that are not
    /// acknowledged, oldest first. The first thing after connect() is
    ///
    ///     for (const auto& kept : client->unfinished()) {
    ///         auto operation = client->resume(kept, patience, deadline);
    ///         // store what came of it, then acknowledge
    ///     }
    ///
    /// carry_out() puts an operation there before anything is sent; acknowledge() takes it out, as
    /// does a refusal after which nothing can come of it. Empty without a journal.
    std::vector<contract::KeptOperation> unfinished() const;
    /// carry_out() of an operation that the journal holds. It is handed over under its own id, so
    /// that it is carried out once, whether or not it had arrived before.
    base::Result<contract::Operation> resume(const contract::KeptOperation& kept,
                                             os::Duration doubt_patience, os::Deadline deadline);

    /// Hands an operation over; returns when devd has it on disk. One attempt: see carry_out().
    base::Result<contract::Operation> submit(const std::string& device,
                                             const contract::Command& command,
                                             const OperationOptions& options,
                                             os::Deadline deadline);
    /// Waits until the operation is final or in doubt; at the deadline returns it as it stands.
    /// Errors: unknown_operation.
    base::Result<contract::Operation> await(const base::OperationId& id, os::Deadline deadline,
                                            const std::string& device = {});

    // --- the operation book
    //
    // `device` is that of the operation. A Client knows it of the operations that it has handed
    // over, was told of or has in its journal; a program that was started again names it where the
    // device may be another host's: there its host, and not this one, has the operation.

    /// One operation. Errors: unknown_operation, which is no proof that it never was: a message of
    /// yours may still be on its way. settle() is.
    base::Result<contract::Operation> operation(const base::OperationId& id, os::Deadline deadline,
                                                const std::string& device = {});
    /// Newest first.
    base::Result<contract::OperationsReply> operations(const contract::OperationsRequest& request,
                                                       os::Deadline deadline);
    /// Makes sure of an id. An operation that devd has is returned as it stands; an unknown id is
    /// marked as never_accepted, durably: nothing can ever come of it, and a new sale may be made.
    base::Result<contract::Operation> settle(const base::OperationId& id, os::Deadline deadline,
                                             const std::string& device = {});
    /// Cancels an operation that has not begun. Errors: unknown_operation, wrong_state.
    base::Result<contract::Operation> cancel(const base::OperationId& id, os::Deadline deadline,
                                             const std::string& device = {});
    /// Asks a terminal to break off what it carries out, of a sale its payment; await() says
    /// whether it did. Errors: unknown_operation, not_supported, wrong_state (the payment has not
    /// begun).
    base::Result<contract::Operation> abort(const base::OperationId& id, os::Deadline deadline,
                                            const std::string& device = {});
    /// Says that the result is stored here. devd may forget it after the retention time, and an
    /// equal operation is no longer taken for a possible duplicate. May be repeated. Errors:
    /// unknown_operation, wrong_state (it is not final).
    base::Result<contract::Operation> acknowledge(const base::OperationId& id,
                                                  os::Deadline deadline,
                                                  const std::string& device = {});

    // --- doubt

    /// Has the device asked once more about an operation in doubt; changes nothing at the device
    /// and may be repeated for ever. Errors: unknown_operation, wrong_state, device_not_ready.
    base::Result<contract::Operation> resolve(const base::OperationId& id, os::Deadline deadline,
                                              const std::string& device = {});

    /// What a person says of an operation in doubt that the device cannot tell.
    struct Decision {
        base::OperationId operation_id;
        std::int64_t version = 0;  ///< of the operation as the person saw it
        contract::Verdict verdict = contract::Verdict::unspecified;  ///< executed or not_executed
        std::int64_t fiscal_document_number = 0;  ///< from the paper, with executed
        std::string note;                         ///< who decided and why; kept in the book
        /// Of a terminal's operation, with executed: what its paper says.
        std::optional<contract::PaymentEntry> payment{};
        bool force = false;    ///< go on in spite of possible_duplicate
        std::string device{};  ///< of the operation, where this Client has not seen it
    };
    /// Errors: unknown_operation, wrong_state (it changed since, or is not in doubt),
    /// wrong_verdict (the decision does not fit, such as executed without a document number),
    /// possible_duplicate (the slip entered settled another payment already).
    base::Result<contract::Operation> decide(const Decision& decision, os::Deadline deadline);

    // --- events (ipc/schema/v1/events.yaml)

    /// Follows a topic: "device/ID", "operation/ID" or "alarms", at most 64 at a time. Read the
    /// state (status, operations) after this, not before, and nothing is missed. A topic that is
    /// followed already begins anew at `from`. Errors: bad_field, unknown_device, retry_later.
    base::Done subscribe(const std::string& topic, const Place& from, os::Deadline deadline);
    base::Done unsubscribe(const std::string& topic, os::Deadline deadline);
    /// The next event of any topic that is followed; nothing at the deadline. A connection that was
    /// lost is made anew as long as the deadline lasts, and every topic goes on where it was: what
    /// cannot be had any more is a Gap, after which the state is to be read again. Errors: the
    /// general ones, if devd cannot be reached.
    base::Result<std::optional<TopicEvent>> next_event(os::Deadline deadline);
    /// Where a topic stands; nothing if it is not followed.
    std::optional<Place> place_of(const std::string& topic) const;

    // --- a device for oneself, for a time
    //
    // A lease belongs to the connection: one that was lost ends it, and what is handed over then
    // with its token is refused (stale_lease), as after its time. Each submit for a leased device
    // carries the token by itself; of a sale, for a device that the sale names. Events of the topic
    // "lease/ID" tell who asks for it. Errors of all: unknown_device, not_permitted.

    /// Who has it and who waits.
    base::Result<contract::Lease> lease(const std::string& device, os::Deadline deadline);
    /// With Wait::yes the program stands in line, and this returns when it has the device, or with
    /// its place at the deadline; the place is kept. `time`: 1 s to 24 h. Errors: device_leased
    /// (naming who has it), retry_later (the line is full).
    enum class Wait : std::uint8_t { no, yes };
    base::Result<contract::Lease> take_lease(const std::string& device, os::Duration time,
                                             Wait wait, os::Deadline deadline);
    /// The same in front of those who only wait, and the holder is asked to let go.
    base::Result<contract::Lease> ask_takeover(const std::string& device, os::Duration time,
                                               const std::string& why, os::Deadline deadline);
    /// Errors of both: stale_lease; wrong_state (nobody asks for it).
    base::Result<contract::Lease> renew_lease(const std::string& device, os::Duration time,
                                              os::Deadline deadline);
    base::Result<contract::Lease> answer_takeover(const std::string& device, bool consent,
                                                  os::Deadline deadline);
    /// Gives it back, or leaves the line.
    base::Result<contract::Lease> release_lease(const std::string& device, os::Deadline deadline);
    /// An administrator's word. Errors: wrong_state (nobody has it).
    base::Result<contract::Lease> end_lease(const std::string& device, const std::string& why,
                                            os::Deadline deadline);

    /// Records of the audit, at most 500. Errors: not_permitted, retry_later.
    base::Result<contract::AuditReply> audit(std::int64_t first, std::int64_t limit,
                                             os::Deadline deadline);

    // --- setting devices up; `session` of a request is filled in here

    /// The catalogue of drivers; with a device, that of the host that owns it.
    base::Result<contract::ModelsReply> models(os::Deadline deadline,
                                               const std::string& device = {});
    /// Errors: bad_field (driver, port), retry_later.
    base::Result<contract::PortsReply> ports(const contract::PortsRequest& request,
                                             os::Deadline deadline);
    /// Errors: bad_field (driver, device, settings.NAME), conflict (the id is taken), retry_later.
    base::Result<contract::DeviceSettings> add_device(contract::AddDeviceRequest request,
                                                      os::Deadline deadline);
    /// Errors: unknown_device, not_permitted (the administrator's), bad_field, wrong_state and
    /// retry_later (an operation is open).
    base::Result<contract::DeviceSettings> configure_device(
        contract::ConfigureDeviceRequest request, os::Deadline deadline);
    base::Result<contract::DeviceSettings> rename_device(const std::string& device,
                                                         const std::string& name,
                                                         os::Deadline deadline);
    base::Result<contract::DeviceSettings> delete_device(const std::string& device,
                                                         os::Deadline deadline);
    base::Result<contract::DeviceSettings> device_settings(const std::string& device,
                                                           os::Deadline deadline);
    /// Has devd connect to the device and ask it. That it did not pass is no error. Only with
    /// FindSpeed::yes a device on a serial line is looked for at other speeds, where nobody answers
    /// at its own; that takes up to two minutes. Errors: unknown_device, retry_later; wrong_state
    /// (FindSpeed::yes while an operation is open).
    enum class FindSpeed : std::uint8_t { no, yes };
    base::Result<contract::CheckReply> check_device(const std::string& device,
                                                    os::Deadline deadline,
                                                    FindSpeed find_speed = FindSpeed::no);

    /// Any request of the schema, for those without a call of their own here; the body is that of
    /// contract::to_value(). One attempt. Errors: devd's.
    base::Result<contract::Value> request(contract::RequestKind kind, contract::Value body,
                                          os::Deadline deadline);

    // --- running devd

    /// Whether devd can do its work, and what is in its way; touches no device.
    base::Result<contract::HealthReply> health(os::Deadline deadline);
    /// devd's figures in Prometheus' text format; touches no device.
    base::Result<std::string> metrics(os::Deadline deadline);
    /// Has devd copy its operation book to a new file at an absolute path on devd's machine;
    /// returns when the copy is on disk. Errors: bad_field (path), not_permitted (only root and
    /// devd's own user may), retry_later (a copy is being made), backup_failed.
    base::Result<contract::BackupReply> backup(const std::string& path, os::Deadline deadline);

    /// What devd said in the last hello. `book_epoch` that has grown means that the book was put
    /// back from a copy: operations not acknowledged before may be unknown to it (book_restored).
    const contract::HelloReply& hello() const { return hello_; }
    /// The session that a body of request() names, of a connection that stands: it is made anew if
    /// it was lost. Errors: the general ones.
    base::Result<std::int64_t> session(os::Deadline deadline);
    /// From now on calls are made only to a devd with that book (HelloReply); with another one they
    /// end with other_book, effect none. For a program that repeats what it has handed over: a devd
    /// whose book was emptied would take it for new. 0: to any.
    void expect_book(std::int64_t book) { expected_book_ = book; }

private:
    struct Followed {
        Place place;
        std::int64_t subscription = 0;  ///< on this connection; 0 = not yet
        std::int64_t credit = 0;
    };
    Client(std::unique_ptr<Connector> connector, ClientOptions options, os::Clock& clock)
        : connector_(std::move(connector)), options_(std::move(options)), clock_(clock) {}

    base::Done be_connected(os::Deadline deadline);
    base::Done say_hello(os::Deadline deadline);
    base::Result<contract::Value> ask_for(contract::RequestKind kind, contract::Value body,
                                          os::Deadline deadline);
    template <class Reply, class Body>
    base::Result<Reply> ask(contract::RequestKind kind, const Body& body, os::Deadline deadline);
    base::Result<contract::Operation> change(contract::RequestKind kind,
                                             const base::OperationId& id, const std::string& device,
                                             os::Deadline deadline);
    std::string place_of(const base::OperationId& id, const std::string& device) const;
    base::Result<contract::Operation> told(base::Result<contract::Operation> operation);
    base::Result<contract::Operation> hand_over(const std::string& device,
                                                const contract::Command& command,
                                                const OperationOptions& options,
                                                bool may_have_arrived, os::Deadline deadline);
    base::Result<contract::Operation> pursue(const std::string& device,
                                             const contract::Command& command,
                                             const OperationOptions& options, bool may_have_arrived,
                                             os::Deadline deadline);
    base::Done forget(const base::OperationId& id);
    contract::Lease note(contract::Lease lease);
    base::Result<std::int64_t> token_of(const std::string& device) const;
    std::int64_t token_for(const std::string& device, const contract::Command& command) const;
    base::Done begin(const std::string& topic, Followed& followed, os::Deadline deadline);
    base::Result<std::optional<TopicEvent>> try_next_event(os::Deadline deadline);
    void renew_credit(Followed& followed, os::Deadline deadline);
    base::Result<contract::Operation> make_sure(const base::OperationId& id,
                                                const base::Error& refusal, os::Deadline deadline);
    base::Result<contract::Operation> outcome(const OperationOptions& options,
                                              os::Deadline deadline);

    std::unique_ptr<Connector> connector_;
    ClientOptions options_;
    os::Clock& clock_;
    std::unique_ptr<Connection> connection_;  ///< nothing when it was lost
    contract::HelloReply hello_;
    std::unique_ptr<Journal> journal_;  ///< nothing without one
    std::map<std::string, Followed> topics_;
    ipc::OperationDevices places_;
    std::int64_t expected_book_ = 0;
    std::map<std::string, std::int64_t> leases_;  ///< tokens by device, until they are given back
};

}  // namespace tillhost::client
