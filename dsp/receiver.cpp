// SPDX-License-Identifier: MIT
#include "dsp/receiver.h"

#include "dsp/block_receiver.h"
#include "dsp/fsk_receiver.h"
#include "dsp/liquid_receiver.h"

#include <cmath>

namespace landfall::dsp {

const char* unsupported(const receiver_config& config, engine kind) noexcept {
    const double ratio = config.sample_rate_hz / config.wave.symbol_rate_hz;
    if (!(ratio >= 2.0)) {
        return "the sample rate is less than twice the symbol rate";
    }
    if (ratio > 1000.0) {
        return "the sample rate is more than 1000 times the symbol rate";
    }
    if (!(std::abs(config.frequency_hint_hz) <= 0.5 * config.sample_rate_hz)) {
        return "the carrier is expected where the samples do not reach";
    }
    if (kind == engine::liquid && config.wave.kind == modulation::oqpsk) {
        return "the liquid engine has no OQPSK";
    }
    if (kind == engine::liquid && config.wave.kind == modulation::psk8) {
        return "the liquid engine has no 8PSK";
    }
    if (kind == engine::liquid && is_frequency_modulated(config.wave.kind)) {
        return "the liquid engine has no FSK";
    }
    if (config.fm_audio && !is_frequency_modulated(config.wave.kind)) {
        return "an FM receiver's audio carries FSK and GMSK only";
    }
    return nullptr;
}

std::unique_ptr<receiver> make_receiver(const receiver_config& config, engine kind) {
    if (is_frequency_modulated(config.wave.kind)) {
        return std::make_unique<fsk_receiver>(config);
    }
    if (kind == engine::liquid) {
        return std::make_unique<liquid_receiver>(config);
    }
    return std::make_unique<block_receiver>(config);
}

} // namespace landfall::dsp
