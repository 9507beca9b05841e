// SPDX-License-Identifier: MIT
#include "app/ledger_command.h"

#include "base/error.h"
#include "crypto/keys.h"
#include "crypto/sha256.h"
#include "crypto/start.h"
#include "delivery/ledger/audit.h"
#include "delivery/ledger/lines.h"
#include "delivery/ledger/minisign.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <filesystem>
#include <string>

namespace landfall::app {
namespace {

namespace led = delivery::ledger;
using json = nlohmann::ordered_json;

constexpr int schema = 1;

base::result<std::string> read_text(delivery::file_system& disk, const std::string& path) {
    const auto content = disk.read(path, led::most_proof_octets);
    if (!content) {
        return std::unexpected(base::failure{
            fmt::format("{}: {}", path, delivery::name(content.error())),
            content.error() == delivery::file_error::not_allowed ? base::exit_code::no_permission
                                                                 : base::exit_code::failed});
    }
    return std::string(led::text_of(*content));
}

/// The option itself, or a file: each in one of the two forms.
base::result<led::note_key> read_key(delivery::file_system& disk, const std::string& option) {
    const auto parse = [](std::string text) -> std::optional<led::note_key> {
        if (const auto key = led::parse_minisign_key(text)) {
            return led::note_key{"", *key};
        }
        while (text.ends_with('\n')) {
            text.pop_back();
        }
        const auto key = led::parse_verifier(text);
        return key ? std::optional(*key) : std::nullopt;
    };
    if (const auto key = parse(option)) {
        return *key;
    }
    const auto text = read_text(disk, option);
    if (!text) {
        return std::unexpected(text.error());
    }
    if (const auto key = parse(*text)) {
        return *key;
    }
    return std::unexpected(
        base::failure{fmt::format("{}: holds neither a verifier key (NAME+ID+KEY) nor a public key "
                                  "of minisign",
                                  option)});
}

int fail(const base::failure& what) {
    fmt::print(stderr, "landfall ledger: {}\n", what.message);
    return what.code;
}

int end_output() {
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
        std::perror("landfall ledger: standard output");
        return base::exit_code::failed;
    }
    return base::exit_code::done;
}

json json_of(const led::finding& each) {
    json what{{"damage", led::name(each.what)}, {"path", each.path}};
    if (each.entry) {
        what["entry"] = *each.entry;
    }
    if (!each.detail.empty()) {
        what["detail"] = each.detail;
    }
    return what;
}

void print_finding(const led::finding& each) {
    fmt::print("{}: {}", each.path, led::name(each.what));
    if (each.entry) {
        fmt::print(", entry {}", *each.entry);
    }
    fmt::print("{}{}\n", each.detail.empty() ? "" : ": ", each.detail);
}

void print_report(const led::audit_report& report) {
    for (const led::finding& each : report.findings) {
        print_finding(each);
    }
    if (report.finding_count > report.findings.size()) {
        fmt::print("and {} more\n", report.finding_count - report.findings.size());
    }
    if (report.state) {
        fmt::print("{}: {} entries, root {}\n", report.state->origin, report.size,
                   crypto::to_text(report.state->tree.root));
    }
    fmt::print("{} of {} entries are what was signed", report.good_entries, report.size);
    for (std::size_t i = 0; i < led::event_count; ++i) {
        if (report.events[i] != 0) {
            fmt::print(", {} {}", report.events[i], led::name(static_cast<led::event>(i)));
        }
    }
    fmt::print("\n");
}

json json_of(const led::audit_report& report) {
    json what{{"schema", schema},
              {"good", report.good()},
              {"origin", report.state ? json(report.state->origin) : json()},
              {"size", report.size},
              {"root", report.state ? json(crypto::to_text(report.state->tree.root)) : json()},
              {"good_entries", report.good_entries},
              {"events", json::object()},
              {"findings", json::array()},
              {"finding_count", report.finding_count}};
    for (std::size_t i = 0; i < led::event_count; ++i) {
        what["events"][led::name(static_cast<led::event>(i))] = report.events[i];
    }
    for (const led::finding& each : report.findings) {
        what["findings"].push_back(json_of(each));
    }
    return what;
}

int verify_folder(delivery::file_system& disk, const ledger_options& options,
                  const led::note_key& key) {
    const auto report =
        led::audit(disk, options.path, key, [](std::uint64_t, std::string_view, bool) {});
    std::optional<led::history> since;
    if (!options.since.empty()) {
        const auto older = read_text(disk, options.since);
        if (!older) {
            return fail(older.error());
        }
        since = report.state ? led::compare(disk, options.path, *report.state, *older, key)
                             : led::history::unknown;
    }
    if (options.json) {
        json what = json_of(report);
        what["since"] = since ? json(led::name(*since)) : json();
        fmt::print("{}\n", what.dump());
    } else {
        print_report(report);
        if (since) {
            fmt::print("{}: {}\n", options.since, led::name(*since));
        }
    }
    const int written = end_output();
    const bool good = report.good() && (!since || since == led::history::consistent);
    return good ? written : base::exit_code::failed;
}

/// What a proof proves, or why it does not.
std::expected<std::string, std::string> check(const led::proof& what, const led::checkpoint& state,
                                              const std::string& older_note,
                                              const led::note_key& key) {
    if (const auto* one = std::get_if<led::inclusion_proof>(&what)) {
        if (!led::check_proof(*one, state.tree)) {
            return std::unexpected("the entry is not in the tree of the checkpoint");
        }
        return fmt::format("{}: entry {} of {}: {}", state.origin, one->index, state.tree.size,
                           led::text_of(one->entry));
    }
    const auto older = led::open_checkpoint(older_note, key);
    if (!older) {
        return std::unexpected(fmt::format("a proof of growth needs the older checkpoint, --since: "
                                           "what is given is none ({})",
                                           led::name(older.error())));
    }
    if (older->origin != state.origin ||
        !led::check_proof(std::get<led::consistency_proof>(what), state.tree, older->tree)) {
        return std::unexpected("the newer checkpoint is not the older one, grown");
    }
    return fmt::format("{}: grew from {} to {} entries, nothing changed", state.origin,
                       older->tree.size, state.tree.size);
}

int verify_proof(delivery::file_system& disk, const ledger_options& options,
                 const led::note_key& key) {
    const auto text = read_text(disk, options.path);
    const auto older =
        options.since.empty() ? base::result<std::string>("") : read_text(disk, options.since);
    if (!text || !older) {
        return fail(!text ? text.error() : older.error());
    }
    const auto proof = led::parse_proof(*text);
    if (!proof) {
        return fail({fmt::format("{}: is no proof ({})", options.path, led::name(proof.error()))});
    }
    const std::string& note =
        std::visit([](const auto& each) -> const std::string& { return each.note; }, *proof);
    const auto state = led::open_checkpoint(note, key);
    if (!state) {
        return fail({fmt::format("{}: its checkpoint is not signed by this key ({})", options.path,
                                 led::name(state.error()))});
    }
    const auto proved = check(*proof, *state, *older, key);
    if (options.json) {
        const auto* one = std::get_if<led::inclusion_proof>(&*proof);
        const json what{{"schema", schema},
                        {"good", proved.has_value()},
                        {"origin", state->origin},
                        {"size", state->tree.size},
                        {"index", one != nullptr ? json(one->index) : json()},
                        {"entry", one != nullptr ? json(led::text_of(one->entry)) : json()},
                        {"error", proved ? json() : json(proved.error())}};
        fmt::print("{}\n", what.dump(-1, ' ', false, json::error_handler_t::replace));
        const int written = end_output();
        return proved ? written : base::exit_code::failed;
    }
    if (!proved) {
        return fail({fmt::format("{}: {}", options.path, proved.error())});
    }
    fmt::print("{}\n", *proved);
    return end_output();
}

/// Entries as they are, one a line, damaged ones told on standard error.
int show(delivery::file_system& disk, const ledger_options& options, const led::note_key& key) {
    const auto report = led::audit(
        disk, options.path, key, [&](std::uint64_t index, std::string_view text, bool verified) {
            if (index < options.first) {
                return;
            }
            if (options.json && led::parse_entry(text)) {
                fmt::print(R"({{"schema":{},"index":{},"verified":{},"entry":{}}})"
                           "\n",
                           schema, index, verified, text);
            } else if (led::parse_entry(text)) {
                fmt::print("{} {}{}\n", index, verified ? "" : "(not verified) ", text);
            }
        });
    for (const led::finding& each : report.findings) {
        fmt::print(stderr, "landfall ledger: {}: {}{}\n", each.path, led::name(each.what),
                   each.entry ? fmt::format(", entry {}", *each.entry) : "");
    }
    const int written = end_output();
    return report.good() ? written : base::exit_code::failed;
}

int prove(delivery::file_system& disk, const ledger_options& options, const led::note_key& key) {
    const auto note = read_text(disk, options.path + "/" + led::checkpoint_file);
    if (!note) {
        return fail(note.error());
    }
    const auto state = led::open_checkpoint(*note, key);
    if (!state) {
        return fail({fmt::format("{}/{}: not signed by this key ({})", options.path,
                                 led::checkpoint_file, led::name(state.error()))});
    }
    const std::uint64_t size = state->tree.size;
    if (options.entry ? *options.entry >= size : *options.old_size > size) {
        return fail({fmt::format("the checkpoint has {} entries, from 0", size)});
    }
    led::log_reader log(disk, options.path, size);
    std::optional<led::proof> made;
    if (options.entry) {
        const auto one = led::prove_inclusion(log, *options.entry, *note);
        if (one && led::check_proof(*one, state->tree)) {
            made = *one;
        }
    } else if (const auto one = led::prove_consistency(log, *options.old_size, *note)) {
        made = *one;
    }
    if (!made) {
        return fail({"files that the proof needs are missing or damaged: `landfall ledger verify` "
                     "names them"});
    }
    const std::string text = led::proof_text(*made);
    std::fwrite(text.data(), 1, text.size(), stdout);
    return end_output();
}

/// The public key of the secret one on standard input.
int publish_key(const ledger_options& options) {
    const auto file = crypto::read_key_file("/dev/stdin");
    if (!file) {
        return fail(file.error());
    }
    const crypto::signing_key key(file->key);
    const std::string text = options.form == "minisign" ? led::minisign_key(key.public_key())
                             : options.form == "pem"
                                 ? led::pem_key(key.public_key())
                                 : led::verifier_text({options.name, key.public_key()}) + "\n";
    fmt::print("{}", text);
    return end_output();
}

} // namespace

int ledger_command(const ledger_options& options) {
    if (!crypto::start()) {
        return fail({"libsodium cannot start"});
    }
    if (options.word == ledger_word::publish_key) {
        return publish_key(options);
    }
    const auto files = delivery::system_files();
    delivery::file_system& disk = *files;
    const auto key = read_key(disk, options.key);
    if (!key) {
        return fail(key.error());
    }
    std::error_code error;
    const bool folder = std::filesystem::is_directory(options.path, error);
    if (!folder &&
        (options.word != ledger_word::verify || !std::filesystem::exists(options.path, error))) {
        return fail(
            {fmt::format("{}: there is no such {}", options.path,
                         options.word == ledger_word::verify ? "folder or file" : "folder")});
    }
    switch (options.word) {
    case ledger_word::show:
        return show(disk, options, *key);
    case ledger_word::verify:
        return folder ? verify_folder(disk, options, *key) : verify_proof(disk, options, *key);
    case ledger_word::prove:
        return prove(disk, options, *key);
    case ledger_word::publish_key:
        break;
    }
    return base::exit_code::usage;
}

} // namespace landfall::app
