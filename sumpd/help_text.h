#pragma once

#include <string_view>

namespace tillhost::sumpd {

/// What --help prints; {} is the list of orders.
inline constexpr std::string_view kHelp =
    "sumpd: the exchange server; the accounting system and the shop's phones meet here, and no\n"
    "document is lost or doubled between them.\n"
    "\n"
    "usage: sumpd --config DIR [--check]\n"
    "       sumpd --config DIR --invite [OPTION TEXT]...\n"
    "       sumpd --config DIR --ORDER [WORD]...\n"
    "       sumpd --config DIR --reset-web-login\n"
    "       sumpd --config DIR --web-token ORIGIN --name NAME [--role ROLE] [--devices ID,ID]\n"
    "       sumpd --config DIR --web-revoke NAME\n"
    "       sumpd --config DIR --backup FILE | --restore FILE\n"
    "       sumpd --config DIR --audit verify|export|export-csv\n"
    "\n"
    "  --config DIR  holds sumpd.toml, which may be absent: then phones of this machine only are\n"
    "                served, and no accounting system is admitted\n"
    "  --check       only look whether the configuration is in order; starts nothing\n"
    "  --invite      print a QR code by which one app is enrolled within 15 minutes, by the sumpd\n"
    "                that is running; --minutes N: within so many (1 to 1440); --name NAME: it is\n"
    "                called so; --kind cashier|dataTerminal, --store ID, --role ID: it is bound "
    "to\n"
    "                that; --picture FILE: also a picture (SVG), to be printed\n"
    "{}"
    "  --reset-web-login  take the console's login away; a new one is made with a one-time token.\n"
    "                sumpd must not be running\n"
    "  --web-token   print a token, once, by which one web till of pages of ORIGIN\n"
    "                (\"https://pos.example\"; - for a program that is no browser) uses the\n"
    "                devices named, or all, as observer, cashier (unless said otherwise),\n"
    "                operator or administrator; an older token of that NAME ends\n"
    "  --web-revoke  end the token of that name\n"
    "  --backup FILE   copy the data as they are now into a new file; sumpd may be running\n"
    "  --restore FILE  put such a copy in the place of the data; sumpd must not be running. The\n"
    "                former data are kept beside\n"
    "  --audit verify  look whether the audit was changed; export, export-csv: print it\n"
    "  -h, --help    this text\n"
    "\n"
    "TILLHOST_STATE_DIR (default /var/lib/tillhost) holds the folder sumpd with documents, "
    "messages\n"
    "and the certificate. The API: https://localhost:8443, for this machine unless sumpd.toml "
    "says\n"
    "more; SOAP at /soap (WSDL at /soap?wsdl), RAW-XML at /xml, JSON below /v1 (/openapi.json).\n"
    "The console: https://localhost:8444, for this machine unless sumpd.toml says more.\n"
    "\n"
    "Example: look, serve until Ctrl-C, and enrol a phone from another terminal\n"
    "  sumpd --config /etc/tillhost --check && sumpd --config /etc/tillhost\n"
    "  sumpd --config /etc/tillhost --invite\n"
    "\n"
    "Exit: 0 stopped by SIGTERM or SIGINT, or all in order; 1 a fault at the start, or not in\n"
    "order; 2 usage; 74 documents cannot be written\n";

}  // namespace tillhost::sumpd
