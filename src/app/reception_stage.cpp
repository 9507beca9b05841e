// SPDX-License-Identifier: MIT
#include "app/reception_stage.h"

#include <fmt/format.h>

#include <utility>

namespace landfall::app {
namespace {

constexpr std::int64_t codeword_octets = 255;

std::uint64_t refused_for(const chain_status& status, framing::frame_error error) {
    return status.frames.refused[static_cast<std::size_t>(error)];
}

reception_stage stage_behind_the_marker(const chain_status& status,
                                        const config::mission& mission) {
    if (status.decoder.good_frames > 0) {
        return refused_for(status, framing::frame_error::fecf_mismatch) > 0
                   ? reception_stage::fecf
                   : reception_stage::framing;
    }
    return mission.coding.reed_solomon != fec::rs_code::none ? reception_stage::reed_solomon
                                                             : reception_stage::fecf;
}

std::int64_t frame_bits(const fec::coding& code) {
    return static_cast<std::int64_t>(8 * fec::codeblock_octets(code) + code.marker.bits);
}

reception_stage failed_stage(const chain_status& status, const config::mission& mission) {
    if (status.frames.good + status.frames.fill > 0) {
        return reception_stage::none;
    }
    if (status.decoder.good_frames > 0 || status.frames.bad > 0) {
        return stage_behind_the_marker(status, mission);
    }
    if (status.soft_bits == 0) {
        return status.samples == 0 ? reception_stage::input : reception_stage::carrier;
    }
    if (!status.decoder.code_found) {
        return reception_stage::code_phase;
    }
    if (status.decoder.marker_spacing_bits == 0) {
        return reception_stage::sync_marker;
    }
    return status.decoder.marker_spacing_bits == frame_bits(mission.coding)
               ? stage_behind_the_marker(status, mission)
               : reception_stage::frame_length;
}

std::vector<std::string> code_trials(const config::mission& mission) {
    const fec::coding& code = mission.coding;
    const bool punctured = code.convolutional != fec::code_rate::r1_2;
    std::vector<std::string> trials{code.c2_first ? "convolutional_order=c1c2"
                                                  : "convolutional_order=c2c1"};
    if (punctured) {
        trials.emplace_back(code.c2_inverted ? "convolutional_inverted=false"
                                             : "convolutional_inverted=true");
    }
    trials.emplace_back(mission.wave.spectrum_inverted ? "spectrum=normal" : "spectrum=inverted");
    trials.emplace_back(punctured ? "convolutional=1/2" : "convolutional=3/4");
    if (mission.wave.kind == dsp::modulation::qpsk) { // whose receiver also holds BPSK
        trials.emplace_back("modulation=bpsk");
    }
    trials.emplace_back("convolutional=none");
    trials.emplace_back("symbol_rate_hz=...");
    return trials;
}

std::vector<std::string> marker_trials(const config::mission& mission) {
    std::vector<std::string> trials{mission.coding.line_code == fec::nrz::l ? "nrz=m" : "nrz=l"};
    if (mission.coding.convolutional == fec::code_rate::none) {
        trials.emplace_back("convolutional=1/2");
        trials.emplace_back(mission.wave.spectrum_inverted ? "spectrum=normal"
                                                           : "spectrum=inverted");
    }
    trials.emplace_back("sync_marker=...");
    return trials;
}

/// What a codeblock of the length seen may be.
std::vector<std::string> length_trials(const config::mission& mission, std::int64_t octets) {
    const auto parity =
        static_cast<std::int64_t>(fec::rs_parity_octets(mission.coding.reed_solomon));
    if (parity == 0) {
        return {fmt::format("frame_octets={}", octets)};
    }
    std::vector<std::string> trials;
    if (octets % codeword_octets == 0 && octets / codeword_octets <= 8) {
        trials.push_back(fmt::format("rs_interleave={}", octets / codeword_octets));
    }
    const std::int64_t frame = octets - parity * mission.coding.rs_interleave;
    if (frame > 0 && frame % mission.coding.rs_interleave == 0 &&
        frame <= (codeword_octets - parity) * mission.coding.rs_interleave) {
        trials.push_back(fmt::format("frame_octets={}", frame));
    }
    trials.emplace_back("rs=none");
    return trials;
}

std::vector<std::string> randomizer_trials(const fec::coding& code) {
    std::vector<std::string> trials;
    for (const auto& [kind, trial] : {std::pair{fec::randomizer::pn255, "randomizer=255"},
                                      std::pair{fec::randomizer::none, "randomizer=none"},
                                      std::pair{fec::randomizer::pn131071, "randomizer=131071"}}) {
        if (kind != code.pseudo_random) {
            trials.emplace_back(trial);
        }
    }
    return trials;
}

std::vector<std::string> outer_trials(const fec::coding& code) {
    auto trials = randomizer_trials(code);
    trials.emplace_back(code.basis == fec::rs_basis::dual ? "rs_basis=conventional"
                                                          : "rs_basis=dual");
    trials.emplace_back(code.reed_solomon == fec::rs_code::rs223 ? "rs=239" : "rs=223");
    if (code.pseudo_random != fec::randomizer::none) {
        trials.emplace_back(code.derandomize_when == fec::derandomize::before_rs
                                ? "derandomize=after-rs"
                                : "derandomize=before-rs");
    }
    return trials;
}

} // namespace

const char* name(reception_stage stage) noexcept {
    switch (stage) {
    case reception_stage::none:
        return "none";
    case reception_stage::input:
        return "input";
    case reception_stage::carrier:
        return "carrier";
    case reception_stage::code_phase:
        return "code_phase";
    case reception_stage::sync_marker:
        return "sync_marker";
    case reception_stage::frame_length:
        return "frame_length";
    case reception_stage::reed_solomon:
        return "reed_solomon";
    case reception_stage::fecf:
        return "fecf";
    case reception_stage::framing:
        return "framing";
    }
    return "unknown";
}

stage_report stage_of(const chain_status& finished, const config::mission& mission) {
    const fec::coding& code = mission.coding;
    const reception_stage failed = failed_stage(finished, mission);
    switch (failed) {
    case reception_stage::none:
        break;
    case reception_stage::input:
        return {failed, "nothing came in that fits the mission", {}};
    case reception_stage::carrier:
        return {failed, "no carrier was found", {"modulation=...", "symbol_rate_hz=..."}};
    case reception_stage::code_phase:
        return {failed, "no phase of the convolutional code fits", code_trials(mission)};
    case reception_stage::sync_marker:
        return {failed, "no sync marker is seen again and again", marker_trials(mission)};
    case reception_stage::frame_length: {
        const std::int64_t seen = finished.decoder.marker_spacing_bits;
        return {failed,
                fmt::format("sync markers stand {} bits apart, not {}", seen, frame_bits(code)),
                length_trials(mission, (seen - code.marker.bits) / 8)};
    }
    case reception_stage::reed_solomon:
        return {failed, "sync markers stand right, but Reed-Solomon decodes nothing",
                outer_trials(code)};
    case reception_stage::fecf: {
        auto trials = randomizer_trials(code);
        trials.emplace_back("fecf=false");
        return {failed, "frames are found, but no error control field fits", std::move(trials)};
    }
    case reception_stage::framing: {
        // A wrong sequence may pass Reed-Solomon: that of 255 bits is itself a codeword.
        auto trials = randomizer_trials(code);
        trials.insert(trials.end(), {"framing=auto", "framing=none", "fecf=auto"});
        return {failed, "frames are decoded, but the framing refuses them", std::move(trials)};
    }
    }
    return {};
}

} // namespace landfall::app
