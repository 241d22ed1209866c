#pragma once

#include "ipc/client/tillctl/admin.h"
#include "ipc/client/tillctl/verbs.h"

namespace tillhost::tillctl {

/// Looks at every device, or at one, and at devd, and says what to do. A device that is ready is
/// asked nothing; any other is connected to. Exit::failed if somebody must act. Errors: those of
/// devd's requests, unknown_device.
base::Result<Exit> doctor(const DoctorVerb& verb, const AdminContext& context);

}  // namespace tillhost::tillctl
