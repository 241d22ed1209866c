#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "hal/os/descriptor.h"
#include "hal/transport/recording.h"
#include "hal/transport/redactor.h"
#include "hal/transport/transport.h"

namespace tillhost::transport {

/// Events that may wait for the redactor to settle their bytes; beyond them it has to.
inline constexpr std::size_t kWaitingEventsMax = 1024;

/// What to do when the file is there already. `append` puts a new recording behind what it holds;
/// `refuse` is for a path that came from a client.
enum class IfThere : std::uint8_t { append, refuse };

/// Writes everything that happens on a line into a file (docs/formats/line-recording.md): bytes,
/// times, deadlines, errors. Nothing that the redactor hides reaches the disk.
///
/// It never disturbs the line: a file that cannot be written ends the recording, not the
/// conversation. Each event is handed to the operating system as soon as its bytes are settled, and
/// not synced; half a frame waits for its other half, and is lost if the process is killed then.
class Recorder final {
public:
    /// The clock outlives the recorder.
    explicit Recorder(const os::Clock& clock) : clock_(clock) {}
    ~Recorder();

    /// A connector whose lines are recorded while a recording is on. The recorder outlives it.
    std::unique_ptr<Connector> wrap(std::unique_ptr<Connector> connector);

    /// Begins a recording; one that is on ends, or goes on if this one cannot begin. An absolute
    /// path, not a link, of a file that only its owner may read. Errors: bad_field(path), also
    /// where it must not be there yet and is; not_supported (`redactor` is null: its driver does
    /// not say what must be hidden); system_failed; storage_full (the file has kRecordingBytesMax
    /// already).
    base::Done start(const std::string& path, IfThere if_there, std::string_view driver,
                     std::unique_ptr<Redactor> redactor);
    /// Ends the recording, if one is on. Errors: system_failed or storage_full when it had ended
    /// before because its file could not be written, told once.
    base::Done stop();

    bool on() const { return file_.valid(); }
    const std::string& path() const { return path_; }  ///< of the recording that is or was on
    std::uint64_t size() const { return size_; }       ///< bytes of the file

    /// An event of a line. Times are those of the clock; `bytes` as they passed.
    void note(Event event, base::ByteView bytes);
    os::Instant begun() const { return begun_; }

private:
    struct Waiting {
        Event event;
        std::size_t missing = 0;  ///< bytes that are not settled
    };
    void give(Way way, base::Bytes settled);
    void write_ready();
    void write(std::string_view text);
    void settle_all();

    const os::Clock& clock_;
    os::Descriptor file_;
    std::string path_;
    std::uint64_t size_ = 0;
    os::Instant begun_{};
    std::optional<Masker> masker_;
    std::deque<Waiting> waiting_;
    std::optional<base::Error> failure_;
};

}  // namespace tillhost::transport
