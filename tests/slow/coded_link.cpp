// SPDX-License-Identifier: MIT
#include "tests/slow/coded_link.h"

#include "base/random.h"
#include "dsp/fec/puncture.h"
#include "dsp/fec/stream_decoder.h"
#include "dsp/fec/stream_encoder.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

namespace landfall::test {

using dsp::modulation;

const char* name_of(modulation kind) {
    return kind == modulation::bpsk   ? "bpsk"
           : kind == modulation::qpsk ? "qpsk"
           : kind == modulation::psk8 ? "8psk"
                                      : "oqpsk";
}

frames_run run_frames(const link_config& config, const fec::coding& code, std::size_t frames) {
    const modulation kind = config.wave.kind;
    const std::uint64_t seed = config.seed;
    const unsigned per_symbol = dsp::bits_per_symbol(kind);
    fec::stream_encoder encoder(code, per_symbol, seed);
    base::random_source random(seed);
    std::vector<std::vector<std::uint8_t>> sent; // each begins with its number
    std::vector<bool> there(frames);
    std::vector<std::uint8_t> bits;
    encoder.idle(512, bits);
    std::vector<std::uint8_t> frame(code.frame_octets);
    for (std::size_t n = 0; n < frames; ++n) {
        for (std::uint8_t& octet : frame) {
            octet = static_cast<std::uint8_t>(random.bits());
        }
        frame[0] = static_cast<std::uint8_t>(n);
        sent.push_back(frame);
        encoder.frame(frame, bits);
    }
    encoder.idle(512, bits); // so that the last frame is one like all others
    encoder.flush(bits);
    const auto got = receive(simulate(config, std::move(bits)));
    fec::stream_decoder decoder(code, per_symbol, kind == modulation::oqpsk);
    frames_run result{.sent = frames};
    auto take = [&](const fec::decoded_frame& one) {
        const std::size_t n = one.octets[0];
        if (one.decodable && n < frames && !there[n] &&
            std::equal(one.octets.begin(), one.octets.end(), sent[n].begin(), sent[n].end())) {
            there[n] = true;
            ++result.good;
        }
    };
    for (const auto& part : got.parts) {
        decoder.push(part.soft, take);
        decoder.restart(take);
    }
    return result;
}

fec::coding concatenated(fec::code_rate rate, unsigned interleave) {
    fec::coding code;
    code.convolutional = rate;
    code.c2_inverted = rate == fec::code_rate::r1_2;
    code.rs_interleave = interleave;
    code.frame_octets = 223 * interleave;
    return code;
}

double symbol_over_bit_db(modulation kind, fec::code_rate rate) {
    const fec::puncture_pattern pattern = fec::pattern_of(rate);
    const double inner = static_cast<double>(pattern.bits) / static_cast<double>(pattern.sent);
    return 10.0 * std::log10(inner * 223.0 / 255.0 * dsp::bits_per_symbol(kind));
}

void write(const curve_point& one) {
    static std::FILE* const file = [] {
        const char* path = std::getenv("LANDFALL_CURVES");
        std::FILE* opened = path == nullptr ? nullptr : std::fopen(path, "w");
        if (opened != nullptr) {
            std::fputs("modulation,code,es_n0_db,eb_n0_db,trials,errors,rate,theory\n", opened);
        }
        return opened;
    }();
    if (file != nullptr) {
        std::fprintf(file, "%s,%s,%.3f,%.3f,%zu,%zu,%.4e,%.4e\n", one.kind.c_str(),
                     one.code.c_str(), one.es_n0_db, one.eb_n0_db, one.trials, one.errors,
                     static_cast<double>(one.errors) / static_cast<double>(one.trials), one.theory);
        std::fflush(file);
    }
}

} // namespace landfall::test
