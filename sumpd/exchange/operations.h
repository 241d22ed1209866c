#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sumpd/exchange/documents.h"
#include "sumpd/exchange/fault.h"
#include "sumpd/exchange/objects.h"

// The operations of the exchange contract 1.0: each request X has its answer XResponse. The first
// group is the accounting system's, as the one exchange node; the second is the apps'.
namespace tillhost::sumpd::exchange {

inline constexpr std::string_view kContractVersion = "1.0";
inline constexpr std::string_view kExchangeNamespace = "urn:sumpd:exchange:1";
inline constexpr std::string_view kDataNamespace = "urn:sumpd:data:1";

inline constexpr std::int64_t kPartBytesMin = 4 * 1024;
inline constexpr std::int64_t kPartBytesMax = 512 * 1024;  ///< decoded; base64 fits a body of 1 MiB
inline constexpr std::int64_t kPartsMax = 20'000;
inline constexpr std::int64_t kMessageNoMax = 1'000'000'000'000;
inline constexpr std::int64_t kPacketBytesMin = 4 * 1024;
inline constexpr std::int64_t kPacketBytesMax = 4 * 1024 * 1024;
inline constexpr std::int64_t kWaitMsMax = 20'000;
inline constexpr std::size_t kDocumentsMax = 100;      ///< in one PutDocuments
inline constexpr std::size_t kStatusIdsMax = 1000;     ///< in one GetDocumentStatus
inline constexpr std::size_t kResultsMax = 10'000;     ///< in one ConfirmMessage
inline constexpr std::size_t kJobErrorsMax = 100;      ///< told of one job
inline constexpr std::size_t kMissingRangesMax = 100;  ///< told in one answer
inline constexpr std::size_t kPacketObjectsMax = 50'000;
inline constexpr std::size_t kCursorMax = 256;
inline constexpr std::size_t kCommandsToldMax = 16;  ///< to one device
inline constexpr std::int64_t kLeaseSecMax = 3600;
inline constexpr std::size_t kOfflineUsersMax = 500;
inline constexpr std::size_t kDevicesListedMax = 1000;
inline constexpr std::size_t kPayloadMax = 256 * 1024;
inline constexpr std::int64_t kCommandTimeoutMsMin = 1000;
inline constexpr std::int64_t kCommandTimeoutMsMax = 24 * 3600 * 1000;

struct Empty {
    friend bool operator==(const Empty&, const Empty&) = default;
};

// ---- the accounting system ----------------------------------------------------------------------

struct TestConnection {
    std::string node{};
};
struct KindSupport {
    std::string name{};
    bool send = false;     ///< the server sends it
    bool receive = false;  ///< the server takes it
    std::int64_t schema_version = 1;
};
struct TestConnectionResponse {
    std::string server_name{};
    std::vector<std::string> contract_versions{};
    std::int64_t sent_no = 0;
    std::int64_t received_no = 0;
    std::int64_t max_part_size = 0;
    Moment server_time{};
    std::vector<KindSupport> kinds{};
};

/// How a message is written inside its parts; what comes is told apart by its first byte.
enum class MessageFormat : std::uint8_t { unspecified, xml, ndjson };
std::span<const std::string_view> names_of(MessageFormat);

/// Freezes what waits for the accounting system as the next message, or answers the one that is
/// frozen and not yet acknowledged, with the same bytes.
struct PrepareMessage {
    std::string node{};
    std::int64_t ack_no = 0;  ///< the highest MessageNo of ours that is durably applied there
    std::int64_t part_size = 0;
    std::optional<std::int64_t> max_bytes{};
    std::vector<std::string> kinds{};       ///< none: all
    std::optional<MessageFormat> format{};  ///< none: xml
};
struct PrepareMessageResponse {
    Uuid message_id{};
    std::int64_t message_no = 0;
    std::int64_t part_count = 0;
    std::int64_t total_bytes = 0;
    std::string sha256{};
    bool empty = false;  ///< nothing waits; the other fields say nothing
};

struct GetPart {
    Uuid message_id{};
    std::int64_t part_no = 0;
};
struct GetPartResponse {
    base::Bytes data{};
    std::string sha256{};
    bool last = false;
};

enum class Verdict : std::uint8_t { unspecified, accepted, rejected, deferred };
std::span<const std::string_view> names_of(Verdict);

/// What the accounting system made of one document.
struct DocumentVerdict {
    Uuid doc_id{};
    Verdict status = Verdict::unspecified;
    std::optional<std::string> error{};
    std::optional<std::string> erp_ref{};
    std::optional<std::string> erp_number{};
    friend bool operator==(const DocumentVerdict&, const DocumentVerdict&) = default;
};
/// Documents of the message that are not named are accepted.
struct ConfirmMessage {
    std::string node{};
    std::int64_t message_no = 0;
    std::vector<DocumentVerdict> results{};
};
struct ConfirmMessageResponse {
    std::int64_t acked_no = 0;
};

struct PutPart {
    Uuid message_id{};
    std::int64_t part_no = 0;
    std::string sha256{};
    base::Bytes data{};
};
struct PutPartResponse {
    std::vector<std::int64_t> received{};  ///< part numbers that are here
};

struct CommitMessage {
    std::string node{};
    Uuid message_id{};
    std::int64_t message_no = 0;
    std::int64_t ack_no = 0;
    std::int64_t part_count = 0;
    std::string sha256{};  ///< of all parts one behind the other
    bool full = false;     ///< what is not in it is deleted
};
enum class JobState : std::uint8_t { unspecified, queued, running, done, failed };
std::span<const std::string_view> names_of(JobState);
struct CommitMessageResponse {
    std::string job_id{};
    JobState state = JobState::unspecified;
};

struct GetJob {
    std::string job_id{};
    std::optional<std::int64_t> wait_ms{};
};
struct JobError {
    std::string kind{};
    std::string id{};
    FaultCode code = FaultCode::unspecified;
    std::string message{};
    friend bool operator==(const JobError&, const JobError&) = default;
};
struct GetJobResponse {
    JobState state = JobState::unspecified;
    std::int64_t progress = 0;  ///< objects read
    std::int64_t applied = 0;
    std::int64_t skipped = 0;
    std::vector<JobError> errors{};
};

struct CancelMessage {
    Uuid message_id{};
};

// ---- apps ---------------------------------------------------------------------------------------

/// Which of the two applications it is.
enum class AppKind : std::uint8_t { unspecified, cashier, data_terminal };
std::span<const std::string_view> names_of(AppKind);

struct Enroll {
    Secret token{};
    std::string install_id{};
    std::string model{};
    std::string os{};
    std::string app_name{};
    std::string app_version{};
    std::optional<AppKind> kind{};  ///< none: the code's, or else the cashier's workplace
};
struct EnrollResponse {
    Uuid device_id{};
    Secret device_key{};
    std::string server_name{};
    Uuid server_id{};
    std::string pin{};  ///< SHA-256 of the server's certificate
    /// The highest DeviceSeq that is known of the device; none: no document of it. It goes on
    /// behind that, and behind its own last one.
    std::optional<std::int64_t> last_seq{};
};

/// By login with password or PIN, or by a badge alone.
struct Login {
    Secret device_key{};
    std::optional<std::string> login{};
    std::optional<Secret> password{};
    std::optional<Secret> pin{};
    std::optional<std::string> store_id{};
    std::optional<Secret> badge{};
};
struct Policy {
    std::int64_t packet_bytes = 0;
    std::int64_t offline_hours = 0;
    Amount offline_card_max{};
};
/// Somebody whom the app may let in without the server, by the password.
struct OfflineUser {
    std::string user_id{};
    std::string login{};
    Secret verifier{};  ///< of the password: a PHC string of argon2id
    Moment valid_until{};
    friend bool operator==(const OfflineUser&, const OfflineUser&) = default;
};
struct LoginResponse {
    Secret session{};
    Moment expires_at{};
    std::string user_id{};
    std::string user_name{};
    std::string role_id{};
    std::vector<Permission> permissions{};
    std::optional<Secret> offline_verifier{};  ///< of the password of who has logged in
    Policy policy{};
    std::vector<OfflineUser> offline_users{};  ///< those of the store, who logged in among them
};

struct Logout {};
struct Roll {
    Secret device_key{};
};
struct RollResponse {
    Secret device_key{};
};
/// The device gives itself back; refused while the server knows of documents that it lacks.
struct Revoke {
    Secret device_key{};
};

struct KindWanted {
    std::string name{};
    std::int64_t schema_version = 1;
};
struct GetChanges {
    std::optional<std::string> cursor{};  ///< none: from the beginning
    std::int64_t max_bytes = 0;
    std::vector<KindWanted> kinds{};  ///< none: all
    std::optional<std::int64_t> wait_ms{};
};
struct GetChangesResponse {
    std::string epoch{};
    std::vector<Object> objects{};
    std::string cursor{};
    bool more = false;
    std::int64_t server_seq = 0;
};

struct PutDocuments {
    std::vector<Document> documents{};
};
enum class PutStatus : std::uint8_t { unspecified, stored, duplicate, conflict, rejected, retry };
std::span<const std::string_view> names_of(PutStatus);
struct PutResult {
    Uuid doc_id{};
    PutStatus status = PutStatus::unspecified;
    std::optional<std::string> error{};
    std::optional<Moment> received_at{};  ///< when it was stored first
    friend bool operator==(const PutResult&, const PutResult&) = default;
};
struct SeqRange {
    std::int64_t from = 0;
    std::int64_t to = 0;
    friend bool operator==(const SeqRange&, const SeqRange&) = default;
};
struct PutDocumentsResponse {
    std::vector<PutResult> results{};
    std::vector<SeqRange> missing_seq{};
};

struct GetDocumentStatus {
    std::vector<Uuid> doc_ids{};
};
enum class DocumentState : std::uint8_t {
    unspecified,
    unknown,
    stored,
    sent,
    accepted,
    rejected,
    deferred
};
std::span<const std::string_view> names_of(DocumentState);
struct DocumentStatus {
    Uuid doc_id{};
    DocumentState state = DocumentState::unspecified;
    std::optional<std::string> error{};
    std::optional<std::string> erp_number{};
    friend bool operator==(const DocumentStatus&, const DocumentStatus&) = default;
};
struct GetDocumentStatusResponse {
    std::vector<DocumentStatus> results{};
};

struct Heartbeat {
    std::int64_t queue_length = 0;
    std::int64_t last_seq = 0;
    std::optional<Moment> oldest_unsent_at{};
    std::string app_version{};
    std::int64_t free_bytes = 0;
    std::optional<std::int64_t> battery_percent{};
    Moment clock_at{};
    std::vector<std::int64_t> taken{};  ///< numbers of commands that it has carried out
    friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};
enum class CommandKind : std::uint8_t { unspecified, resync, revoke, wipe, message, min_version };
std::span<const std::string_view> names_of(CommandKind);
struct AppCommand {
    CommandKind kind = CommandKind::unspecified;
    std::optional<std::string> text{};
    std::int64_t number = 0;  ///< told again until a heartbeat names it as taken
};
struct HeartbeatResponse {
    std::vector<AppCommand> commands{};
    Moment server_time{};
};

struct LockTask {
    std::string task_id{};
    std::int64_t lease_sec = 0;
};
struct LockTaskResponse {
    Moment locked_until{};
};
struct ReleaseTask {
    std::string task_id{};
};

// ---- the shop's devices -------------------------------------------------------------------------

struct GetDevices {};
/// Whose rule says where commands go that name no device. Numbers are on the disk.
enum class DefaultRule : std::uint8_t { unspecified, user, app, store, server };
std::span<const std::string_view> names_of(DefaultRule);

/// A device that the host of devices owns.
struct DeviceEntry {
    std::string ref{};     ///< by which commands name it
    std::string name{};    ///< for people
    std::string driver{};  ///< "fiscal/shtrih": its class comes first
    std::string state{};   ///< word of the device contract: "ready", "busy", …
    std::string reason{};  ///< for people: why it is not ready
    /// Commands of who asks that name no device go there; none: they do not.
    std::optional<DefaultRule> default_rule{};
    friend bool operator==(const DeviceEntry&, const DeviceEntry&) = default;
};
struct GetDevicesResponse {
    std::vector<DeviceEntry> devices{};
};

/// Carries a command out at a device, once, under the id that the app made and keeps. The same id
/// again with the same content is the same command, whatever became of its answer.
struct StartCommand {
    Uuid command_id{};                        ///< of version 7
    std::optional<std::string> device_ref{};  ///< none: the default of the command's class
    std::string op{};             ///< a command of the device contract: "receipt", "authorise", …
    std::string payload{};        ///< its fields, JSON text (docs/ipc)
    std::int64_t timeout_ms = 0;  ///< it does not start later than that
    bool force = false;           ///< although this app's equal command is not finished
};
enum class DeviceCommandState : std::uint8_t {
    unspecified,
    queued,
    running,
    done,
    failed,
    unknown
};
std::span<const std::string_view> names_of(DeviceCommandState);
/// What a person has to do at a terminal without a link, and then to answer (AnswerCommand).
struct CommandPrompt {
    std::string text{};                          ///< for people: "charge 12.50 EUR"
    std::optional<std::int64_t> amount_minor{};  ///< that AmountMinor of the answer has to be
    std::optional<std::string> currency{};       ///< ISO 4217
    friend bool operator==(const CommandPrompt&, const CommandPrompt&) = default;
};
/// `unknown`: the device did not answer behind the point of no return. The server asks the device
/// until it tells, and never repeats the command by itself.
struct StartCommandResponse {
    DeviceCommandState state = DeviceCommandState::unspecified;
    std::string device_ref{};
    std::optional<std::string> result{};  ///< the operation of the device contract, JSON text
    std::optional<std::string> error{};
    std::optional<DefaultRule> default_rule{};  ///< that chose the device; none: the command did
    std::optional<CommandPrompt> prompt{};      ///< of one that is running and waits for a person
};
struct GetCommand {
    Uuid command_id{};
    std::optional<std::int64_t> wait_ms{};
};

enum class PaymentOutcome : std::uint8_t { unspecified, approved, declined };
std::span<const std::string_view> names_of(PaymentOutcome);
/// What the paper of a terminal without a link says. The same answer again is the same answer.
struct AnswerCommand {
    Uuid command_id{};
    PaymentOutcome outcome = PaymentOutcome::unspecified;
    std::optional<std::int64_t> amount_minor{};        ///< of `approved`: what the paper says
    std::optional<std::int64_t> amount_again_minor{};  ///< the same once more, above the limit
    std::optional<std::int64_t> receipt_number{};
    std::optional<std::string> authorisation_code{};
    std::optional<std::string> card_name{};
    std::optional<std::string> reference{};  ///< RRN
};

void fields(FieldVisitor& v, Empty& x);
void fields(FieldVisitor& v, TestConnection& x);
void fields(FieldVisitor& v, KindSupport& x);
void fields(FieldVisitor& v, TestConnectionResponse& x);
void fields(FieldVisitor& v, PrepareMessage& x);
void fields(FieldVisitor& v, PrepareMessageResponse& x);
void fields(FieldVisitor& v, GetPart& x);
void fields(FieldVisitor& v, GetPartResponse& x);
void fields(FieldVisitor& v, DocumentVerdict& x);
void fields(FieldVisitor& v, ConfirmMessage& x);
void fields(FieldVisitor& v, ConfirmMessageResponse& x);
void fields(FieldVisitor& v, PutPart& x);
void fields(FieldVisitor& v, PutPartResponse& x);
void fields(FieldVisitor& v, CommitMessage& x);
void fields(FieldVisitor& v, CommitMessageResponse& x);
void fields(FieldVisitor& v, GetJob& x);
void fields(FieldVisitor& v, JobError& x);
void fields(FieldVisitor& v, GetJobResponse& x);
void fields(FieldVisitor& v, CancelMessage& x);
void fields(FieldVisitor& v, Enroll& x);
void fields(FieldVisitor& v, EnrollResponse& x);
void fields(FieldVisitor& v, Login& x);
void fields(FieldVisitor& v, Policy& x);
void fields(FieldVisitor& v, OfflineUser& x);
void fields(FieldVisitor& v, LoginResponse& x);
void fields(FieldVisitor& v, Logout& x);
void fields(FieldVisitor& v, Roll& x);
void fields(FieldVisitor& v, RollResponse& x);
void fields(FieldVisitor& v, Revoke& x);
void fields(FieldVisitor& v, KindWanted& x);
void fields(FieldVisitor& v, GetChanges& x);
void fields(FieldVisitor& v, GetChangesResponse& x);
void fields(FieldVisitor& v, PutDocuments& x);
void fields(FieldVisitor& v, PutResult& x);
void fields(FieldVisitor& v, SeqRange& x);
void fields(FieldVisitor& v, PutDocumentsResponse& x);
void fields(FieldVisitor& v, GetDocumentStatus& x);
void fields(FieldVisitor& v, DocumentStatus& x);
void fields(FieldVisitor& v, GetDocumentStatusResponse& x);
void fields(FieldVisitor& v, Heartbeat& x);
void fields(FieldVisitor& v, AppCommand& x);
void fields(FieldVisitor& v, HeartbeatResponse& x);
void fields(FieldVisitor& v, LockTask& x);
void fields(FieldVisitor& v, LockTaskResponse& x);
void fields(FieldVisitor& v, ReleaseTask& x);
void fields(FieldVisitor& v, GetDevices& x);
void fields(FieldVisitor& v, DeviceEntry& x);
void fields(FieldVisitor& v, GetDevicesResponse& x);
void fields(FieldVisitor& v, StartCommand& x);
void fields(FieldVisitor& v, StartCommandResponse& x);
void fields(FieldVisitor& v, CommandPrompt& x);
void fields(FieldVisitor& v, GetCommand& x);
void fields(FieldVisitor& v, AnswerCommand& x);

/// All operations, X(Request, Response): dispatch, schemas and tests go over this list.
// clang-format off
#define SUMP_OPERATIONS(X)                                                                         \
    X(TestConnection, TestConnectionResponse) X(PrepareMessage, PrepareMessageResponse)            \
    X(GetPart, GetPartResponse) X(ConfirmMessage, ConfirmMessageResponse)                          \
    X(PutPart, PutPartResponse) X(CommitMessage, CommitMessageResponse)                            \
    X(GetJob, GetJobResponse) X(CancelMessage, Empty)                                              \
    X(Enroll, EnrollResponse) X(Login, LoginResponse) X(Logout, Empty) X(Roll, RollResponse)       \
    X(Revoke, Empty) X(GetChanges, GetChangesResponse) X(PutDocuments, PutDocumentsResponse)       \
    X(GetDocumentStatus, GetDocumentStatusResponse) X(Heartbeat, HeartbeatResponse)                \
    X(LockTask, LockTaskResponse) X(ReleaseTask, Empty)                         \
    X(GetDevices, GetDevicesResponse) X(StartCommand, StartCommandResponse)                        \
    X(GetCommand, StartCommandResponse) X(AnswerCommand, StartCommandResponse)
// clang-format on

}  // namespace tillhost::sumpd::exchange
