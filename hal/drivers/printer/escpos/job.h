#pragma once

#include <string>
#include <vector>

#include "hal/device/driver.h"
#include "hal/drivers/printer/escpos/dialogue.h"

namespace tillhost::drivers::escpos {

/// How the end of a document is known.
enum class Ending : std::uint8_t {
    mark,     ///< GS ( H: it is on paper
    in_turn,  ///< GS r: it was taken in
    nothing,  ///< the printer says nothing
};

/// One document on its way: sent in pieces, and waited for. A printer that stands still for want of
/// a person is waited for; it goes on from its buffer by itself, and so does the sending. Nothing
/// is ever sent twice.
class Job final {
public:
    struct Terms {
        Ending ending = Ending::mark;
        std::string mark;         ///< its characters, where that is the ending
        bool polls = true;        ///< it answers DLE EOT
        os::Duration patience{};  ///< how long a person has to mend what stopped it
    };

    Job(Dialogue& dialogue, const os::Clock& clock, Terms terms, device::Gate& gate,
        os::Deadline deadline)
        : dialogue_(dialogue),
          clock_(clock),
          terms_(std::move(terms)),
          gate_(gate),
          deadline_(deadline) {}

    /// Done: the ending was seen (with `nothing`: everything was written).
    /// Errors: effect none if no byte was written, else unknown; what stopped the printer
    /// (errors.def), no_answer (it does not say that it is done), link_lost, deadline_passed.
    base::Done run(const std::vector<base::Bytes>& commands);
    /// A write ended in its middle: the printer may wait for the rest of a command.
    bool is_cut() const { return cut_; }

private:
    base::Done send(const std::vector<base::Bytes>& commands);
    base::Done write(base::ByteView piece);
    base::Done await_end(std::size_t bytes);
    base::Done await_person();
    base::Done listen(os::Deadline until);
    bool ended() const;

    Dialogue& dialogue_;
    const os::Clock& clock_;
    Terms terms_;
    device::Gate& gate_;
    os::Deadline deadline_;
    bool begun_ = false;  ///< a byte of the document may have left
    bool cut_ = false;
    bool sent_ = false;  ///< the last piece was reached
    std::size_t in_turn_before_ = 0;
    int silent_ = 0;  ///< polls in a row without an answer
};

}  // namespace tillhost::drivers::escpos
