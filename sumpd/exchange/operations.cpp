#include "sumpd/exchange/operations.h"

#include <array>

namespace tillhost::sumpd::exchange {

namespace {

constexpr Length kNode{1, kReferenceMax};
constexpr Length kReference{1, kReferenceMax};
constexpr Length kName{1, kNameMax};
constexpr Length kText{1, kNoteMax};
constexpr Length kSecret{1, 256};
constexpr Length kDigest{64, 64};  // SHA-256 as lower-case hex digits
constexpr Range kNumber{0, kMessageNoMax};
constexpr Range kPart{1, kPartsMax};
constexpr Range kCount{0, kMessageNoMax};
constexpr Range kWait{0, kWaitMsMax};
constexpr Range kSchema{1, 1'000'000};
constexpr Count kKinds{0, 64};
constexpr Range kPaid{0, 999'999'999'999};  // as in the device contract
constexpr std::int64_t kReceiptNumberMax = 999'999'999;

}  // namespace

std::span<const std::string_view> names_of(Verdict) {
    static constexpr std::array<std::string_view, 3> kNames = {"accepted", "rejected", "deferred"};
    return kNames;
}

std::span<const std::string_view> names_of(JobState) {
    static constexpr std::array<std::string_view, 4> kNames = {"queued", "running", "done",
                                                               "failed"};
    return kNames;
}

std::span<const std::string_view> names_of(PutStatus) {
    static constexpr std::array<std::string_view, 5> kNames = {"stored", "duplicate", "conflict",
                                                               "rejected", "retry"};
    return kNames;
}

std::span<const std::string_view> names_of(DocumentState) {
    static constexpr std::array<std::string_view, 6> kNames = {"unknown",  "stored",   "sent",
                                                               "accepted", "rejected", "deferred"};
    return kNames;
}

std::span<const std::string_view> names_of(AppKind) {
    static constexpr std::array<std::string_view, 2> kNames = {"cashier", "dataTerminal"};
    return kNames;
}

std::span<const std::string_view> names_of(CommandKind) {
    static constexpr std::array<std::string_view, 5> kNames = {"resync", "revoke", "wipe",
                                                               "message", "minVersion"};
    return kNames;
}

std::span<const std::string_view> names_of(MessageFormat) {
    static constexpr std::array<std::string_view, 2> kNames = {"xml", "ndjson"};
    return kNames;
}

std::span<const std::string_view> names_of(DeviceCommandState) {
    static constexpr std::array<std::string_view, 5> kNames = {"queued", "running", "done",
                                                               "failed", "unknown"};
    return kNames;
}

std::span<const std::string_view> names_of(DefaultRule) {
    static constexpr std::array<std::string_view, 4> kNames = {"user", "app", "store", "server"};
    return kNames;
}

std::span<const std::string_view> names_of(PaymentOutcome) {
    static constexpr std::array<std::string_view, 2> kNames = {"approved", "declined"};
    return kNames;
}

void fields(FieldVisitor&, Empty&) {}

void fields(FieldVisitor& v, TestConnection& x) { v.value("Node", x.node, kNode); }

void fields(FieldVisitor& v, KindSupport& x) {
    v.value("Name", x.name, kReference);
    v.value("Send", x.send);
    v.value("Receive", x.receive);
    v.value("SchemaVersion", x.schema_version, kSchema);
}

void fields(FieldVisitor& v, TestConnectionResponse& x) {
    v.value("ServerName", x.server_name, kName);
    values(v, "ContractVersion", x.contract_versions, Count{1, 16}, Length{1, 16});
    v.value("SentNo", x.sent_no, kNumber);
    v.value("ReceivedNo", x.received_no, kNumber);
    v.value("MaxPartSize", x.max_part_size, Range{kPartBytesMin, kPartBytesMax});
    v.value("ServerTime", x.server_time);
    records(v, "Kind", x.kinds, kKinds);
}

void fields(FieldVisitor& v, PrepareMessage& x) {
    v.value("Node", x.node, kNode);
    v.value("AckNo", x.ack_no, kNumber);
    v.value("PartSize", x.part_size, Range{kPartBytesMin, kPartBytesMax});
    maybe(v, "MaxBytes", x.max_bytes, Range{kPartBytesMin, kPartBytesMax * kPartsMax});
    values(v, "Kind", x.kinds, kKinds, kReference);
    maybe_choice(v, "Format", x.format);
}

void fields(FieldVisitor& v, PrepareMessageResponse& x) {
    v.value("MessageId", x.message_id);
    v.value("MessageNo", x.message_no, kNumber);
    v.value("PartCount", x.part_count, Range{0, kPartsMax});
    v.value("TotalBytes", x.total_bytes, Range{0, kPartBytesMax * kPartsMax});
    v.value("Sha256", x.sha256, kDigest);
    v.value("Empty", x.empty);
}

void fields(FieldVisitor& v, GetPart& x) {
    v.value("MessageId", x.message_id);
    v.value("PartNo", x.part_no, kPart);
}

void fields(FieldVisitor& v, GetPartResponse& x) {
    v.value("Data", x.data, static_cast<std::size_t>(kPartBytesMax));
    v.value("Sha256", x.sha256, kDigest);
    v.value("Last", x.last);
}

void fields(FieldVisitor& v, DocumentVerdict& x) {
    v.value("DocId", x.doc_id);
    choice(v, "Status", x.status);
    maybe(v, "Error", x.error, kText);
    maybe(v, "ErpRef", x.erp_ref, kReference);
    maybe(v, "ErpNumber", x.erp_number, kReference);
}

void fields(FieldVisitor& v, ConfirmMessage& x) {
    v.value("Node", x.node, kNode);
    v.value("MessageNo", x.message_no, Range{1, kMessageNoMax});
    records(v, "Result", x.results, Count{0, kResultsMax});
}

void fields(FieldVisitor& v, ConfirmMessageResponse& x) { v.value("AckedNo", x.acked_no, kNumber); }

void fields(FieldVisitor& v, PutPart& x) {
    v.value("MessageId", x.message_id);
    v.value("PartNo", x.part_no, kPart);
    v.value("Sha256", x.sha256, kDigest);
    v.value("Data", x.data, static_cast<std::size_t>(kPartBytesMax));
}

void fields(FieldVisitor& v, PutPartResponse& x) {
    values(v, "Received", x.received, Count{0, static_cast<std::size_t>(kPartsMax)}, kPart);
}

void fields(FieldVisitor& v, CommitMessage& x) {
    v.value("Node", x.node, kNode);
    v.value("MessageId", x.message_id);
    v.value("MessageNo", x.message_no, Range{1, kMessageNoMax});
    v.value("AckNo", x.ack_no, kNumber);
    v.value("PartCount", x.part_count, kPart);
    v.value("Sha256", x.sha256, kDigest);
    v.value("Full", x.full);
}

void fields(FieldVisitor& v, CommitMessageResponse& x) {
    v.value("JobId", x.job_id, kReference);
    choice(v, "State", x.state);
}

void fields(FieldVisitor& v, GetJob& x) {
    v.value("JobId", x.job_id, kReference);
    maybe(v, "WaitMs", x.wait_ms, kWait);
}

void fields(FieldVisitor& v, JobError& x) {
    v.value("Kind", x.kind, Length{0, kReferenceMax});
    v.value("Id", x.id, Length{0, 2 * kReferenceMax});
    choice(v, "Code", x.code);
    v.value("Message", x.message, kText);
}

void fields(FieldVisitor& v, GetJobResponse& x) {
    choice(v, "State", x.state);
    v.value("Progress", x.progress, kCount);
    v.value("Applied", x.applied, kCount);
    v.value("Skipped", x.skipped, kCount);
    records(v, "Error", x.errors, Count{0, kJobErrorsMax});
}

void fields(FieldVisitor& v, CancelMessage& x) { v.value("MessageId", x.message_id); }

void fields(FieldVisitor& v, Enroll& x) {
    v.value("Token", x.token, kSecret);
    v.value("InstallId", x.install_id, kReference);
    v.value("Model", x.model, kName);
    v.value("Os", x.os, kName);
    v.value("AppName", x.app_name, kName);
    v.value("AppVersion", x.app_version, kReference);
    maybe_choice(v, "Kind", x.kind);
}

void fields(FieldVisitor& v, EnrollResponse& x) {
    v.value("DeviceId", x.device_id);
    v.value("DeviceKey", x.device_key, kSecret);
    v.value("ServerName", x.server_name, kName);
    v.value("ServerId", x.server_id);
    v.value("Pin", x.pin, Length{0, 64});
    maybe(v, "LastSeq", x.last_seq, kCount);
}

void fields(FieldVisitor& v, Login& x) {
    v.value("DeviceKey", x.device_key, kSecret);
    maybe(v, "Login", x.login, kReference);
    maybe(v, "Password", x.password, kSecret);
    maybe(v, "Pin", x.pin, kSecret);
    maybe(v, "StoreId", x.store_id, kReference);
    maybe(v, "Badge", x.badge, kSecret);
}

void fields(FieldVisitor& v, Policy& x) {
    v.value("PacketBytes", x.packet_bytes, Range{kPacketBytesMin, kPacketBytesMax});
    v.value("OfflineHours", x.offline_hours, Range{0, 8760});
    v.value("OfflineCardMax", x.offline_card_max);
}

void fields(FieldVisitor& v, OfflineUser& x) {
    v.value("UserId", x.user_id, Length{1, 2 * kReferenceMax});
    v.value("Login", x.login, kReference);
    v.value("Verifier", x.verifier, kSecret);
    v.value("ValidUntil", x.valid_until);
}

void fields(FieldVisitor& v, LoginResponse& x) {
    v.value("Session", x.session, kSecret);
    v.value("ExpiresAt", x.expires_at);
    v.value("UserId", x.user_id, kReference);
    v.value("UserName", x.user_name, kName);
    v.value("RoleId", x.role_id, kReference);
    records(v, "Permission", x.permissions, Count{0, kPermissionsMax});
    maybe(v, "OfflineVerifier", x.offline_verifier, kSecret);
    record(v, "Policy", x.policy);
    records(v, "OfflineUser", x.offline_users, Count{0, kOfflineUsersMax});
}

void fields(FieldVisitor&, Logout&) {}
void fields(FieldVisitor& v, Roll& x) { v.value("DeviceKey", x.device_key, kSecret); }
void fields(FieldVisitor& v, RollResponse& x) { v.value("DeviceKey", x.device_key, kSecret); }
void fields(FieldVisitor& v, Revoke& x) { v.value("DeviceKey", x.device_key, kSecret); }

void fields(FieldVisitor& v, KindWanted& x) {
    v.value("Name", x.name, kReference);
    v.value("SchemaVersion", x.schema_version, kSchema);
}

void fields(FieldVisitor& v, GetChanges& x) {
    maybe(v, "Cursor", x.cursor, Length{1, kCursorMax});
    v.value("MaxBytes", x.max_bytes, Range{kPacketBytesMin, kPacketBytesMax});
    records(v, "Kind", x.kinds, kKinds);
    maybe(v, "WaitMs", x.wait_ms, kWait);
}

void fields(FieldVisitor& v, GetChangesResponse& x) {
    v.value("Epoch", x.epoch, kReference);
    records(v, "Object", x.objects, Count{0, kPacketObjectsMax});
    v.value("Cursor", x.cursor, Length{1, kCursorMax});
    v.value("More", x.more);
    v.value("ServerSeq", x.server_seq, kCount);
}

void fields(FieldVisitor& v, PutDocuments& x) {
    records(v, "Document", x.documents, Count{1, kDocumentsMax});
}

void fields(FieldVisitor& v, PutResult& x) {
    v.value("DocId", x.doc_id);
    choice(v, "Status", x.status);
    maybe(v, "Error", x.error, kText);
    maybe(v, "ReceivedAt", x.received_at);
}

void fields(FieldVisitor& v, SeqRange& x) {
    v.value("From", x.from, Range{1, kMessageNoMax});
    v.value("To", x.to, Range{1, kMessageNoMax});
}

void fields(FieldVisitor& v, PutDocumentsResponse& x) {
    records(v, "Result", x.results, Count{1, kDocumentsMax});
    records(v, "MissingSeq", x.missing_seq, Count{0, kMissingRangesMax});
}

void fields(FieldVisitor& v, GetDocumentStatus& x) {
    values(v, "DocId", x.doc_ids, Count{1, kStatusIdsMax});
}

void fields(FieldVisitor& v, DocumentStatus& x) {
    v.value("DocId", x.doc_id);
    choice(v, "State", x.state);
    maybe(v, "Error", x.error, kText);
    maybe(v, "ErpNumber", x.erp_number, kReference);
}

void fields(FieldVisitor& v, GetDocumentStatusResponse& x) {
    records(v, "Result", x.results, Count{1, kStatusIdsMax});
}

void fields(FieldVisitor& v, Heartbeat& x) {
    v.value("QueueLength", x.queue_length, kCount);
    v.value("LastSeq", x.last_seq, kCount);
    maybe(v, "OldestUnsentAt", x.oldest_unsent_at);
    v.value("AppVersion", x.app_version, kReference);
    v.value("FreeBytes", x.free_bytes, Range{0, std::int64_t{1} << 50});
    maybe(v, "BatteryPercent", x.battery_percent, Range{0, 100});
    v.value("ClockAt", x.clock_at);
    values(v, "Taken", x.taken, Count{0, kCommandsToldMax}, kCount);
}

void fields(FieldVisitor& v, AppCommand& x) {
    choice(v, "Kind", x.kind);
    maybe(v, "Text", x.text, kText);
    v.value("Number", x.number, kCount);
}

void fields(FieldVisitor& v, HeartbeatResponse& x) {
    records(v, "Command", x.commands, Count{0, kCommandsToldMax});
    v.value("ServerTime", x.server_time);
}

void fields(FieldVisitor& v, LockTask& x) {
    v.value("TaskId", x.task_id, kReference);
    v.value("LeaseSec", x.lease_sec, Range{1, kLeaseSecMax});
}

void fields(FieldVisitor& v, LockTaskResponse& x) { v.value("LockedUntil", x.locked_until); }
void fields(FieldVisitor& v, ReleaseTask& x) { v.value("TaskId", x.task_id, kReference); }

void fields(FieldVisitor&, GetDevices&) {}

void fields(FieldVisitor& v, DeviceEntry& x) {
    v.value("Ref", x.ref, kReference);
    v.value("Name", x.name, Length{0, kNameMax});
    v.value("Driver", x.driver, kReference);
    v.value("State", x.state, kReference);
    v.value("Reason", x.reason, Length{0, kNoteMax});
    maybe_choice(v, "DefaultRule", x.default_rule);
}

void fields(FieldVisitor& v, GetDevicesResponse& x) {
    records(v, "Device", x.devices, Count{0, kDevicesListedMax});
}

void fields(FieldVisitor& v, StartCommand& x) {
    v.value("CommandId", x.command_id);
    maybe(v, "DeviceRef", x.device_ref, kReference);
    v.value("Op", x.op, kReference);
    v.value("Payload", x.payload, Length{2, kPayloadMax});
    v.value("TimeoutMs", x.timeout_ms, Range{kCommandTimeoutMsMin, kCommandTimeoutMsMax});
    v.value("Force", x.force);
}

void fields(FieldVisitor& v, StartCommandResponse& x) {
    choice(v, "State", x.state);
    v.value("DeviceRef", x.device_ref, kReference);
    maybe(v, "Result", x.result, Length{0, kPayloadMax});
    maybe(v, "Error", x.error, kText);
    maybe_choice(v, "DefaultRule", x.default_rule);
    maybe_record(v, "Prompt", x.prompt);
}

void fields(FieldVisitor& v, CommandPrompt& x) {
    v.value("Text", x.text, kText);
    maybe(v, "AmountMinor", x.amount_minor, kPaid);
    maybe(v, "Currency", x.currency, Length{3, 3});
}

void fields(FieldVisitor& v, GetCommand& x) {
    v.value("CommandId", x.command_id);
    maybe(v, "WaitMs", x.wait_ms, kWait);
}

void fields(FieldVisitor& v, AnswerCommand& x) {
    v.value("CommandId", x.command_id);
    choice(v, "Outcome", x.outcome);
    maybe(v, "AmountMinor", x.amount_minor, kPaid);
    maybe(v, "AmountAgainMinor", x.amount_again_minor, kPaid);
    maybe(v, "ReceiptNumber", x.receipt_number, Range{0, kReceiptNumberMax});
    maybe(v, "AuthorisationCode", x.authorisation_code, Length{1, 32});
    maybe(v, "CardName", x.card_name, Length{1, 64});
    maybe(v, "Reference", x.reference, Length{1, 64});
}

}  // namespace tillhost::sumpd::exchange
