#include "licd/issuer/arguments.h"

#include <CLI/CLI.hpp>
#include <cstdlib>

namespace tillhost::licd::issuer {
namespace {

constexpr const char* kProgramHelp =
    R"(licissue, the vendor's tool: makes licence keys and answers requests, in one folder.

  licissue init vendor --name "Example Ltd" --product till
  licissue --dir vendor key new --product till --line "name=till.base count=20" --slots 3
  licissue --dir vendor answer 4410-0093-7721.lreq

A key goes to the customer with its PINs and the root's certificate, vendor/root.crt. The customer's
licence server makes a request with one PIN; the answer binds the key to that machine. Each PIN is
for one machine, as often as wanted. From the start: docs/selling-licences.md.)";

constexpr const char* kProgramFooter =
    R"(Exit status: 0 done, 1 refused or failed (standard error says why), 2 wrong command line.
LICISSUE_DIR is the folder where --dir is not given. Back the folder up: it cannot be made again.)";

constexpr const char* kInitHelp = R"(Makes the root and a first issuing authority in a new folder.

  licissue init vendor --name "Example Ltd" --product till --product back-office

The root's certificate (root.crt) is built into the products and goes to each customer; its key
(root.key) is needed for "ca renew" and "revoke" only: move it to a medium of its own and name it
with --root-key then. The products are for all time: name all that there will be. A passphrase is
asked for at a terminal; elsewhere, without --passphrase-file, both keys have none and are guarded
by the file system alone.)";

constexpr const char* kRenewHelp =
    R"(Makes a new issuing authority, valid for three years and in use from now on.

  licissue --root-key /media/usb/root.key ca renew

Keys that earlier ones signed stay good. Needs the root's key. --product narrows: what an authority
may sign is one of the root's products.)";

constexpr const char* kKeyHelp = R"(Makes a key and prints its PINs, once: they are kept nowhere.

  licissue key new --product till --slots 3 --head "Till of the example shop" \
      --line "name=till.base count=20 mode=station ver=>=3.0,<4.0" \
      --line "name=till.weigh until=2027-12-31 feat=scale"

With --dongle the key is bound to a dongle in place of a machine; it has no PINs and needs no
activation. The dongle's maker must vouch for it, and its model must be named:

  licissue key new --product till --line "name=till.base count=20" --dongle enrolment.json \
      --attestation-roots makers --aaguid f8a011f38c0a4d15800617111f9edc7d

A line: name=NAME, then count=N for so many seats, or no count for any number. May follow:
  mode=station      a seat is for one user at one computer, whatever runs there (so without mode)
  mode=instance     a seat is for one running program
  until=2027-12-31  the last day, UTC; else never
  ver=>=3.0,<4.0    versions of the program; others are refused
  feat=scale,label  names of your own, in the signed line for your tools
  offline_ok_s=900  so long a program goes on without its server

strict: a machine is the same while all is there that was recorded of it, and else gets nothing at
once. tolerant: 60 of 100 of it, and when there is less, three days to activate anew. --weak
refuse: no request is made on a machine that is known by less than 40 (tillctl licence traits). A
container on purpose needs --weak allow.)";

constexpr const char* kReviseHelp =
    R"(Makes the next revision of a dongle's key, with these licences in place of the former.

  licissue key revise 4410-0093-7721 --line "name=till.base count=40"

The licence server takes it with "tillctl licence load" while programs work.)";

constexpr const char* kAnswerHelp =
    R"(Turns a licence server's request into an answer that binds the key to its machine.

The same request gets the same file for ever. The same machine is answered again under the same
PIN; another machine with a PIN that was used is refused, and which parts differ is told.)";

constexpr const char* kRevokeHelp =
    R"(Ends a key, or the word of an issuing authority, by a new revocation list.

It has all earlier ones in it. Needs the root's key.

  licissue revoke 4410-0093-7721 --notice-h 24
  licissue revoke --issuer 3f2a91bc07de5512a0b1c2d3e4f50617 --after 2026-11-22T10:00:00Z

Against a stolen issuing key leave --after out: a thief writes any date. Then make its keys anew.)";

constexpr const char* kShowHelp =
    R"(Checks a key, an answer, a request or a revocation list and tells what it says.

Needs no secret key; --root names another vendor's root certificate than the folder's.)";

void add_common(CLI::App& app, Arguments& to) {
    app.add_option("--dir", to.folder, "the vendor's folder")->envname("LICISSUE_DIR");
    app.add_flag("--json", to.json, "print one line of JSON");
    app.add_option("--passphrase-file", to.passphrase_file,
                   "first line: the passphrase of the secret keys; else it is asked for");
    app.add_option("--root-key", to.root_key, "the root's secret key, if kept elsewhere");
}

CLI::App& add_verb(CLI::App& above, const char* name, const char* help, Arguments& to, Verb verb) {
    // The first paragraph stands in the list of verbs too, the rest in the verb's own help only.
    const std::string text = help;
    const std::size_t end = text.find("\n\n");
    CLI::App* const app = above.add_subcommand(name, text.substr(0, end));
    app->footer(end == std::string::npos ? "" : text.substr(end + 1));
    app->callback([&to, verb] { to.verb = verb; });
    app->fallthrough();
    return *app;
}

void add_authorities(CLI::App& app, Arguments& to) {
    CLI::App& init = add_verb(app, "init", kInitHelp, to, Verb::init);
    init.add_option("FOLDER", to.folder, "made if it is not there")->required();
    init.add_option("--name", to.name, "the vendor's, in the certificates")->required();
    init.add_option("--product", to.products, "a product's code; may be repeated")->required();

    CLI::App* const above = app.add_subcommand("ca", "The issuing authority");
    above->require_subcommand(1)->fallthrough();
    CLI::App& renew = add_verb(*above, "renew", kRenewHelp, to, Verb::renew);
    renew.add_option("--product", to.products, "what it may sign; repeated; else as before");
}

void add_dongle(CLI::App& made, Arguments& to) {
    CLI::Option* const dongle =
        made.add_option("--dongle", to.dongle, "a dongle's enrolment: the key is bound to it");
    made.add_option("--attestation-roots", to.attestation_roots,
                    "folder with the certificates of the makers whose dongles are taken")
        ->needs(dongle);
    made.add_option("--aaguid", to.aaguids, "models that are taken, with commas between")
        ->delimiter(',')
        ->needs(dongle);
    made.add_flag("--accept-self-attestation", to.accepts_self_attestation,
                  "take a dongle that no maker vouches for; for trying things out")
        ->needs(dongle);
}

void add_keys(CLI::App& app, Arguments& to) {
    CLI::App* const above = app.add_subcommand("key", "Keys");
    above->require_subcommand(1)->fallthrough();
    CLI::App& made = add_verb(*above, "new", kKeyHelp, to, Verb::make_key);
    made.add_option("--product", to.product, "the product's code")->required();
    made.add_option("--line", to.lines, "one licence; may be repeated")->required();
    made.add_option("--slots", to.slots, "PINs, each for one machine; else 1, with --dongle none")
        ->check(CLI::Range(0, 50));
    made.add_option("--policy", to.policy, "how exactly the machine must stay the same: below")
        ->check(CLI::IsMember({"strict", "tolerant"}))
        ->capture_default_str();
    made.add_option("--weak", to.weak, "machines with little to be known by: below")
        ->check(CLI::IsMember({"refuse", "allow"}))
        ->capture_default_str();
    made.add_option("--head", to.head, "text for people at the beginning of the file");
    made.add_option("--serial", to.serial, "4 to 40 capitals, digits and dashes; else made up");
    made.add_option("--contact-h", to.contact_h,
                    "hours between words of the vendor; carried, licd does not ask yet")
        ->capture_default_str();
    made.add_option("--dongle-grace-s", to.dongle_grace_s,
                    "seconds that leases go on without the dongle")
        ->capture_default_str();
    add_dongle(made, to);
    made.add_option("--host", to.hosts, "whom the server may ask; carried, licd does not ask yet");
    made.add_option("--out", to.out, "the file; else SERIAL.dongle here");

    CLI::App& revised = add_verb(*above, "revise", kReviseHelp, to, Verb::revise_key);
    revised.add_option("SERIAL", to.serial, "of a key of a dongle")->required();
    revised.add_option("--line", to.lines, "one licence; may be repeated")->required();
    revised.add_option("--out", to.out, "the file; else SERIAL.dongle here");
}

void add_files(CLI::App& app, Arguments& to) {
    CLI::App& answer = add_verb(app, "answer", kAnswerHelp, to, Verb::answer);
    answer.add_option("REQUEST", to.file, "the file of the licence server, .lreq")->required();
    answer.add_option("--out", to.out, "the file; else SERIAL-SLOT.lact here");

    CLI::App& revoke = add_verb(app, "revoke", kRevokeHelp, to, Verb::revoke);
    auto* const serial = revoke.add_option("SERIAL", to.serial, "of a key");
    auto* const issuer =
        revoke.add_option("--issuer", to.issuer, "the id of an authority, as list shows it");
    serial->excludes(issuer);
    revoke.add_option("--after", to.after, "files that it signed after this time only")
        ->needs(issuer);
    revoke.add_option("--notice-h", to.notice_h, "hours that the key still works")
        ->check(CLI::Range(0, 90 * 24))
        ->excludes(issuer)
        ->capture_default_str();
    revoke.add_option("--out", to.out, "the file; else revocations.lrev here");
}

void add_questions(CLI::App& app, Arguments& to) {
    add_verb(app, "list", "Shows the authorities, keys, answers and revocations", to, Verb::list);
    CLI::App& show = add_verb(app, "show", kShowHelp, to, Verb::show);
    show.add_option("FILE", to.file, ".dongle, .lact, .lreq or .lrev")->required();
    show.add_option("--root", to.root, "a root certificate in PEM");
    add_verb(app, "journal",
             "Checks the journal and prints it.\n\nKeep its last hash elsewhere now and then: a "
             "journal whose end was cut off shows only\nagainst it.",
             to, Verb::journal);
}

}  // namespace

std::variant<Arguments, Explanation> parse_arguments(int argc, const char* const* argv) {
    Arguments arguments;
    CLI::App app(kProgramHelp, "licissue");
    app.footer(kProgramFooter);
    app.require_subcommand(1);
    add_common(app, arguments);
    add_authorities(app, arguments);
    add_keys(app, arguments);
    add_files(app, arguments);
    add_questions(app, arguments);
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        return Explanation{app.help(), true};
    } catch (const CLI::ParseError& error) {
        return Explanation{std::string("licissue: ") + error.what() +
                               "\nlicissue --help and licissue VERB --help say more.\n",
                           false};
    }
    return arguments;
}

}  // namespace tillhost::licd::issuer
