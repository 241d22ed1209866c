#pragma once

#include "licd/issuer/arguments.h"
#include "licd/issuer/report.h"
#include "licd/issuer/vendor_folder.h"

namespace tillhost::licd::issuer {

/// Does what the command line says: the act, then the file, then what there is to tell. Files are
/// replaced as one step. Errors: those of the acts; bad_field for words that mean nothing.
base::Result<Report> run(const Arguments& arguments, const Means& means);

/// What a file of ours says, if its signatures hold. Errors: those of reading it.
base::Result<Report> describe(std::string_view text, const os::Certificate* root);

}  // namespace tillhost::licd::issuer
