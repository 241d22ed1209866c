#include "simulators/core/wired_registrar.h"

namespace tillhost::simulators {

FiscalState WiredRegistrar::state() const {
    FiscalState state = registrar_->state();
    state.faults_fired += wire_.faults_fired();
    return state;
}

base::Done WiredRegistrar::inject(const Fault& fault, os::Instant now) {
    advance(now);
    if (Wire::is_line_fault(fault.kind)) {
        TRY(wire_.inject(fault, now));
        if (fault.kind != FaultKind::clear) {
            return {};
        }
    }
    TRY(registrar_->inject(fault, now));
    advance(now);
    return {};
}

}  // namespace tillhost::simulators
