// SPDX-License-Identifier: MIT
// The program: its commands and their options.
#include "app/bench_command.h"
#include "app/check_command.h"
#include "app/demo_command.h"
#include "app/downlink.h"
#include "app/interrupt.h"
#include "app/key_command.h"
#include "app/ledger_command.h"
#include "app/missions_command.h"
#include "app/replay_command.h"
#include "app/run_command.h"
#include "app/simulate_command.h"
#include "app/spool_command.h"
#include "app/status_command.h"
#include "app/version.h"
#include "base/error.h"
#include "config/gateway.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace landfall::app {
namespace {

constexpr double least_rate_hz = 1e-3;
constexpr double most_rate_hz = 1e12;

/// Accepts 12, 0x1001.
const CLI::Validator hexadecimal_too(
    [](std::string& text) {
        char* end = nullptr;
        const unsigned long value = std::strtoul(text.c_str(), &end, 0);
        if (text.empty() || *end != '\0' || value > 0xFFFF'FFFFUL) {
            return fmt::format("'{}' is not a number", text);
        }
        text = std::to_string(value);
        return std::string();
    },
    "NUMBER");

/// A finite number from `low` to `high`; not "nan", which compares with nothing.
CLI::Validator number_in(double low, double high) {
    return {[low, high](std::string& text) {
                char* end = nullptr;
                const double value = std::strtod(text.c_str(), &end);
                return !text.empty() && *end == '\0' && value >= low && value <= high
                           ? std::string()
                           : fmt::format("'{}' is not a number from {:g} to {:g}", text, low, high);
            },
            fmt::format("[{:g} - {:g}]", low, high)};
}

constexpr std::array replay_inputs{std::pair{"iq", replay_input::iq},
                                   std::pair{"soft", replay_input::soft},
                                   std::pair{"frames", replay_input::frames}};
constexpr std::array engines{std::pair{"auto", dsp::engine::automatic},
                             std::pair{"block", dsp::engine::block},
                             std::pair{"liquid", dsp::engine::liquid}};

/// An option of which each value has a name; `value` keeps what it has where it is not given.
template <const auto& choices, class Value>
void add_choice(CLI::App& command, const std::string& option, Value& value,
                const std::string& help) {
    std::vector<std::string> names;
    for (const auto& [name, meaning] : choices) {
        names.emplace_back(name);
    }
    const auto set = [&value](const std::string& text) {
        for (const auto& [name, meaning] : choices) {
            value = name == text ? meaning : value;
        }
    };
    command.add_option_function<std::string>(option, set, help)->check(CLI::IsMember(names));
}

CLI::App* add_command(CLI::App& program, const char* name, const char* does) {
    CLI::App* command = program.add_subcommand(name, does);
    command->set_version_flag("--version", version_text,
                              "Versions of this program and its libraries");
    return command;
}

void add_replay(CLI::App& program, std::function<int()>& chosen) {
    auto options = std::make_shared<replay_options>();
    CLI::App* command =
        add_command(program, "replay", "Run recordings through the receive chain, offline");
    command->footer("Example:\n  landfall replay pass.sigmf-meta --mission jpss-hrd --frames out/\n"
                    "  landfall replay iq.ci16 --format ci16 --rate 2.5e6 --mission generic-ccsds "
                    "--set modulation=bpsk");
    command
        ->add_option("files", options->files,
                     "SigMF, WAV, raw IQ, or captures (pcap, pcapng) of DIFI packets")
        ->required();
    auto* mission = command->add_option("-m,--mission", options->mission,
                                        "Mission preset, or a path to a mission file");
    auto* config = command->add_option("-c,--config", options->config_file,
                                       "Configuration file: replays each of its carriers");
    mission->excludes(config);
    command->add_option("--set", options->sets, "Override a mission key: KEY=VALUE")
        ->needs(mission)
        ->allow_extra_args(false);
    add_choice<replay_inputs>(*command, "--input", options->input,
                              "Where to enter the chain: iq (default), soft (soft bits), frames "
                              "(transfer frames)");
    command->add_option("--format", options->format,
                        "Of raw files: cf32, ci16, ci8, cu8; of soft bits: f32, i8");
    command->add_option("--rate", options->rate_hz, "Sample rate of raw files, Hz")
        ->check(number_in(least_rate_hz, most_rate_hz));
    command
        ->add_option("--frequency-offset", options->frequency_offset_hz,
                     "Where a wide recording has the carrier, Hz from its centre")
        ->check(number_in(-most_rate_hz, most_rate_hz));
    command->add_option("--stream-id", options->stream_id, "Only this DIFI stream of a capture")
        ->transform(hexadecimal_too);
    command->add_option("--udp-port", options->udp_port, "Only this UDP port of a capture")
        ->check(CLI::Range(1, 65535));
    add_choice<engines>(*command, "--engine", options->engine,
                        "Receiver, instead of `engine`: auto (default, the best: block), block, "
                        "liquid (reference)");
    command->add_option("--frames", options->frames_directory,
                        "Folder for transfer frames, by virtual channel, and a pcapng of them");
    command->add_option("--packets", options->packets_directory,
                        "Folder for space packets and IP packets, and a pcapng of them");
    command->add_flag("--json", options->json, "Report as JSON on standard output");
    command->callback([options, &chosen] {
        chosen = [options] {
            if (options->mission.empty() && options->config_file.empty()) {
                fmt::print(stderr, "landfall replay: one of --mission and --config is needed; "
                                   "`landfall missions` lists the presets\n");
                return base::exit_code::usage;
            }
            return replay_command(*options);
        };
    });
}

void add_simulate(CLI::App& program, std::function<int()>& chosen) {
    auto options = std::make_shared<simulate_options>();
    CLI::App* command = add_command(program, "simulate", "Make a downlink");
    command->footer("Example:\n  landfall simulate --mission jpss-hrd --seconds 0.2 --es-n0 6 "
                    "--sigmf pass --frames sent/");
    command->add_option("-m,--mission", options->mission, "Mission preset or file")->required();
    command->add_option("--set", options->sets, "Override a mission key: KEY=VALUE")
        ->allow_extra_args(false);
    command->add_option("--seconds", options->seconds, "Length")
        ->check(number_in(1e-9, most_downlink_seconds))
        ->capture_default_str();
    command->add_option("--es-n0", options->es_n0_db, "E_s/N_0, dB")
        ->check(number_in(-100, 200))
        ->capture_default_str();
    command->add_option("--frequency-offset", options->frequency_offset_hz, "Hz")
        ->check(number_in(-most_rate_hz, most_rate_hz));
    command->add_option("--doppler-rate", options->doppler_rate_hz_s, "Hz/s")
        ->check(number_in(-most_rate_hz, most_rate_hz));
    command
        ->add_option("--clock-offset", options->clock_offset_ppm,
                     "Of the symbol clock, ppm (positive: fast)")
        ->check(number_in(-10'000, 10'000));
    command
        ->add_option("--sample-rate", options->sample_rate_hz,
                     "Hz; by default 2.5 samples per symbol")
        ->check(number_in(least_rate_hz, most_rate_hz));
    command->add_option("--bits", options->bits, "Of each of I and Q")
        ->check(CLI::Range(4, 16))
        ->capture_default_str();
    command->add_option("--seed", options->seed, "The same seed makes the same signal")
        ->capture_default_str();
    command
        ->add_option("--payload", options->payload,
                     "ip, counter (space packets), or a file to send in space packets")
        ->capture_default_str();
    command
        ->add_option("--fade", options->fades, "START:SECONDS[:DB], the signal fades; repeatable")
        ->allow_extra_args(false);
    command->add_option("--gain-step", options->gain_steps, "SECONDS:DB; repeatable")
        ->allow_extra_args(false);
    command->add_option("--stream-id", options->stream_id, "DIFI stream identifier")
        ->transform(hexadecimal_too);
    auto* sigmf = command->add_option("--sigmf", options->sigmf, "Write a SigMF recording NAME");
    auto* pcap = command->add_option("--pcap", options->pcap, "Write a capture of DIFI packets");
    auto* udp = command->add_option("--udp", options->udp, "Send DIFI packets to HOST:PORT");
    sigmf->excludes(pcap)->excludes(udp);
    pcap->excludes(udp);
    command->add_flag("--pace", options->pace, "With --udp: in real time")->needs(udp);
    command->add_option("--frames", options->frames_directory,
                        "Folder for the transfer frames sent, as `replay` writes them");
    command->add_flag("--json", options->json, "Report as JSON on standard output");
    command->callback(
        [options, &chosen] { chosen = [options] { return simulate_command(*options); }; });
}

void add_missions(CLI::App& program, std::function<int()>& chosen) {
    auto name = std::make_shared<std::optional<std::string>>();
    auto json = std::make_shared<bool>(false);
    CLI::App* command =
        add_command(program, "missions", "List mission presets, or one preset's parameters");
    command->footer("Example:\n  landfall missions jpss-hrd");
    command->add_option("name", *name, "A preset, or a path to a mission file");
    command->add_flag("--json", *json, "As JSON");
    command->callback([name, json, &chosen] {
        chosen = [name, json] { return missions_command(*name, *json); };
    });
}

void add_key(CLI::App& program, std::function<int()>& chosen) {
    CLI::App* command =
        add_command(program, "key", "Keys of the tunnel, in the form that `wg` reads and writes");
    command->footer("Example:\n  umask 077; landfall key generate > tunnel.key\n"
                    "  landfall key public < tunnel.key");
    command->require_subcommand(1);
    const auto add = [&](const char* name, key_word word, const char* does, const char* example) {
        CLI::App* made = add_command(*command, name, does);
        made->footer(std::string("Example:\n  ") + example);
        made->callback([word, &chosen] { chosen = [word] { return key_command(word); }; });
    };
    add("generate", key_word::generate, "A new private key",
        "(umask 077; landfall key generate > tunnel.key)");
    add("public", key_word::of_private,
        "The public key of a private key, which is read from standard input",
        "landfall key public < tunnel.key");
    add("preshared", key_word::preshared, "A new pre-shared key, for both ends of a tunnel",
        "(umask 077; landfall key preshared > mdc-a.psk)");
}

void add_ledger(CLI::App& program, std::function<int()>& chosen) {
    CLI::App* command = add_command(
        program, "ledger", "What was received, delivered and dropped, verified on any machine");
    command->footer("Example:\n  landfall ledger verify -k minisign.pub ledger/\n"
                    "  landfall ledger prove -k minisign.pub ledger/ 4711 > delivery.tlog-proof\n"
                    "  landfall ledger verify -k minisign.pub delivery.tlog-proof");
    command->require_subcommand(1);
    const auto add = [&](const char* name, ledger_word word, const char* does) {
        auto options = std::make_shared<ledger_options>();
        options->word = word;
        CLI::App* made = add_command(*command, name, does);
        made->callback(
            [options, &chosen] { chosen = [options] { return ledger_command(*options); }; });
        if (word != ledger_word::publish_key) {
            made->add_option("-k,--key", options->key,
                             "The public key, or its file: NAME+ID+KEY, or minisign's")
                ->required();
        }
        return std::pair{made, options};
    };
    const auto [show, shown] = add("show", ledger_word::show, "The entries, one a line");
    show->add_option("folder", shown->path, "The ledger's folder")->required();
    show->add_option("--from", shown->first, "The first entry to show");
    show->add_flag("--json", shown->json, "One object a line");
    const auto [verify, verified] =
        add("verify", ledger_word::verify, "A folder, or a proof: every damaged file is named");
    verify->add_option("path", verified->path, "The ledger's folder, or a file that `prove` wrote")
        ->required();
    verify->add_option("--since", verified->since,
                       "An older checkpoint: nothing that it held was changed or cut");
    verify->add_flag("--json", verified->json, "As JSON");
    const auto [prove, proved] = add("prove", ledger_word::prove,
                                     "A proof of one entry, or of growth, that needs no ledger");
    prove->add_option("folder", proved->path, "The ledger's folder")->required();
    auto* entry = prove->add_option("entry", proved->entry, "Number of the entry, from 0");
    auto* old_size = prove->add_option(
        "--from", proved->old_size, "Instead: that the first so many entries are still the same");
    entry->excludes(old_size);
    prove->require_option(3);
    const auto [key, options] = add("public", ledger_word::publish_key,
                                    "The public key of a secret one, which is read from standard "
                                    "input (`landfall key generate` makes one)");
    key->add_option("name", options->name, "The key's name: the gateway's")->required();
    key->add_option("--form", options->form, "verifier (default), minisign, pem")
        ->check(CLI::IsMember({"verifier", "minisign", "pem"}));
}

void add_bench(CLI::App& program, std::function<int()>& chosen) {
    auto options = std::make_shared<bench_options>();
    CLI::App* command =
        add_command(program, "bench",
                    "Throughput of each stage on one core of this machine, beside its reference");
    command->footer("Example:\n  landfall bench demod-qpsk viterbi-1/2");
    command->add_option("stages", options->stages, "Stages to run; all by default");
    command->add_option("--seconds", options->seconds, "For each measurement")
        ->check(number_in(1e-3, 3600))
        ->capture_default_str();
    command->add_flag("--json", options->json, "As JSON");
    command->callback(
        [options, &chosen] { chosen = [options] { return bench_command(*options); }; });
}

void add_run(CLI::App& program, std::function<int()>& chosen) {
    auto options = std::make_shared<run_options>();
    CLI::App* command = add_command(program, "run", "The gateway, in the foreground");
    command->footer("Example:\n  landfall check -c landfall.toml && landfall run -c landfall.toml");
    command
        ->add_option("-c,--config,file", options->file,
                     "Configuration file; conf.d/*.toml beside it are read, too")
        ->capture_default_str();
    command->add_option("--log-level", options->log_level, "debug, info, warning, error")
        ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
        ->capture_default_str();
    command->callback([options, &chosen] { chosen = [options] { return run_command(*options); }; });
}

void add_demo(CLI::App& program, std::function<int()>& chosen) {
    auto options = std::make_shared<demo_options>();
    CLI::App* command =
        add_command(program, "demo", "A simulated pass through the whole gateway, live");
    command->footer("Example:\n  landfall demo --seconds 30 --mission gk2a-lrit");
    command->add_option("--seconds", options->seconds, "Length of the pass")
        ->check(number_in(0.1, most_downlink_seconds))
        ->capture_default_str();
    command->add_option("-m,--mission", options->mission, "Mission preset or file")
        ->capture_default_str();
    command->add_flag("--json", options->json, "Summary as JSON");
    command->callback(
        [options, &chosen] { chosen = [options] { return demo_command(*options); }; });
}

void add_status(CLI::App& program, std::function<int()>& chosen) {
    auto options = std::make_shared<status_options>();
    CLI::App* command = add_command(program, "status", "What the running gateway is doing");
    command->footer("Example:\n  landfall status --watch");
    command->add_flag("--json", options->json, "As JSON");
    command->add_flag("--watch", options->watch, "Again each second, until Ctrl-C");
    command->add_option("--socket", options->socket,
                        "The gateway's control socket; by default " +
                            default_control_socket().string());
    command->callback(
        [options, &chosen] { chosen = [options] { return status_command(*options); }; });
}

void add_spool(CLI::App& program, std::function<int()>& chosen) {
    auto options = std::make_shared<spool_options>();
    CLI::App* command =
        add_command(program, "spool", "What the durable lane keeps, also while the gateway runs");
    command->footer("Example:\n  landfall spool verify\n"
                    "  landfall spool export --to out/ && age -d -i tenant.key -o x.pcapng out/…");
    command->require_subcommand(1);
    const auto add = [&](const char* name, spool_word word, const char* does) {
        CLI::App* made = add_command(*command, name, does);
        made->footer(fmt::format("Example:\n  landfall spool {}{}", name,
                                 word == spool_word::export_ ? " --to out/ -i tenant.key" : ""));
        made->add_option("folder", options->folder, "The spool, or one tenant's folder of it")
            ->capture_default_str();
        made->add_option("--tenant", options->tenant, "Only this one");
        made->add_flag("--json", options->json, "As JSON");
        made->callback([options, word, &chosen] {
            chosen = [options, word] { return spool_command(word, *options); };
        });
        return made;
    };
    add("list", spool_word::list, "Segments, and what they say of themselves");
    add("verify", spool_word::verify, "Finds and names what is damaged, cut or missing");
    CLI::App* export_command =
        add("export", spool_word::export_, "Copies good segments; with an identity, opens them");
    export_command->add_option("--to", options->to, "Folder; nothing in it is overwritten")
        ->required();
    export_command->add_option("-i,--identity", options->identity_file,
                               "File of age-keygen: writes pcapng");
}

void add_check(CLI::App& program, std::function<int()>& chosen) {
    auto options = std::make_shared<check_options>();
    options->config_file = config::default_gateway_file;
    CLI::App* command = add_command(
        program, "check", "Find everything that is wrong with a configuration, starting nothing");
    command->footer("Example:\n  landfall check -c /etc/landfall/landfall.toml --print");
    command
        ->add_option("-c,--config,file", options->config_file,
                     "Configuration file; conf.d/*.toml beside it are read, too")
        ->capture_default_str();
    command->add_flag("--print", options->print,
                      "Print the merged configuration, with the origin of every value");
    command->add_flag("--json", options->json, "As JSON");
    command->callback(
        [options, &chosen] { chosen = [options] { return check_command(*options); }; });
}

int run(int argc, char** argv) {
    CLI::App program("Landfall: a ground-station edge gateway. IQ of satellite downlinks in, the "
                     "satellite's frames out.",
                     "landfall");
    program.footer(
        "`landfall COMMAND --help` explains a command, with an example.\nExample:\n  landfall "
        "demo --seconds 30");
    program.set_version_flag("--version", version_text);
    program.require_subcommand(1);
    std::function<int()> chosen;
    add_check(program, chosen);
    add_replay(program, chosen);
    add_simulate(program, chosen);
    add_missions(program, chosen);
    add_key(program, chosen);
    add_ledger(program, chosen);
    add_bench(program, chosen);
    add_demo(program, chosen);
    add_status(program, chosen);
    add_spool(program, chosen);
    add_run(program, chosen);
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return program.exit(error) == 0 ? base::exit_code::done : base::exit_code::usage;
    }
    catch_interrupts();
    return chosen();
}

} // namespace
} // namespace landfall::app

int main(int argc, char** argv) {
    try {
        return landfall::app::run(argc, argv);
    } catch (const std::exception& error) { // out of memory, and the like
        fmt::print(stderr, "landfall: {}\n", error.what());
        return landfall::base::exit_code::failed;
    }
}
