// SPDX-License-Identifier: MIT
// Writes a ledger for tests: entries until so many are in it, some to each commit, a line for each
// commit that is durable.
// usage: make_ledger FOLDER KEY_FILE ENTRIES ENTRIES_PER_COMMIT
#include "crypto/keys.h"
#include "crypto/start.h"
#include "delivery/ledger/log_writer.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace led = landfall::delivery::ledger;

namespace {

led::unix_ns now() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

int fail(const led::log_failure& what) {
    std::fprintf(stderr, "make_ledger: %s %s %s\n", led::name(what.error), what.path.c_str(),
                 what.reason ? landfall::delivery::name(*what.reason) : "");
    return 1;
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 5 || !landfall::crypto::start()) {
        return 2;
    }
    const auto file = landfall::crypto::read_key_file(argv[2]);
    if (!file) {
        return 2;
    }
    const landfall::crypto::signing_key key(file->key);
    const std::uint64_t entries = std::strtoull(argv[3], nullptr, 10);
    const std::uint64_t at_once = std::strtoull(argv[4], nullptr, 10);
    const auto files = landfall::delivery::system_files(landfall::delivery::readable::by_all);
    landfall::delivery::file_system& disk = *files;
    auto log = led::log_writer::open({argv[1], "station-1"}, disk, key, now());
    if (!log) {
        return fail(log.error());
    }
    std::printf("opened %llu torn %llu\n", static_cast<unsigned long long>(log->committed().size),
                static_cast<unsigned long long>(log->recovered().torn_entries));
    std::fflush(stdout);
    while (log->committed().size < entries) {
        for (std::uint64_t i = 0; i < at_once; ++i) {
            led::entry what;
            what.time = now();
            what.what = led::event::spooled;
            what.tenant = "weather";
            what.octets = log->committed().size + i + 1;
            if (!log->append(what)) {
                return 1;
            }
        }
        if (const auto done = log->commit(now()); !done) {
            return fail(done.error());
        }
        std::printf("%llu\n", static_cast<unsigned long long>(log->committed().size));
        std::fflush(stdout);
    }
    return 0;
}
