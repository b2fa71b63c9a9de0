// The runner of the conformance kit for hosts in C++. `plugins/fixtures/conformance/README.md` says what a runner does. The cases that are
// calls were written as code from `cases.json` by the package `conformance-cases`; of the file itself only names are read here.
#include "behaviours.hpp"
#include "runner.hpp"

#include "cases.inc"

namespace {

/// The text behind a key in a line of the file; nothing when there is none. Names hold no escapes.
std::string value_of(const std::string &line, const std::string &key) {
    const std::string start = "\"" + key + "\": \"";
    const size_t at = line.find(start);
    return at == line.npos ? "" : line.substr(at + start.size(), line.find('"', at + start.size()) - at - start.size());
}

struct Row {
    std::string language, role, name, feature;
    /// The other sides that a row is about; empty for all.
    std::string with;
};

}  // namespace

int main(int count, char **arguments) try {
    if (count != 7) {
        std::cerr << "needed: contract module, peer module, loader library or `-`, guest, cases, language\n";
        return 2;
    }
    const Files files{ arguments[1], arguments[2], arguments[3], arguments[4] };
    const std::string language = arguments[6];
    std::ifstream file(arguments[5]);
    std::vector<Row> cases, cannot;
    for (std::string line; std::getline(file, line);) {
        Row row{ value_of(line, "language"), value_of(line, "role"), value_of(line, "name"), value_of(line, "feature"), {} };
        if (!row.language.empty()) {
            row.name = value_of(line, "case");
            if (const size_t at = line.find("\"with\": ["); at != line.npos) row.with = line.substr(at, line.find(']', at) - at);
            cannot.push_back(row);
        } else if (!row.name.empty()) {
            cases.push_back(row);
        }
    }
    const auto listed = [&](const Row &one) {
        return std::any_of(cannot.begin(), cannot.end(), [&](const Row &row) {
            const bool is_guest = row.role == "guest";
            const bool is_of = row.language == (is_guest ? language : "cpp");
            const std::string other = "\"" + (is_guest ? "cpp" : language) + "\"";
            return is_of && (row.with.empty() || row.with.find(other) != row.with.npos) && (row.name == one.name || (!row.feature.empty() && row.feature == one.feature));
        });
    };
    Stage stage = Stage::whole(files);
    bool has_failed = false;
    for (const Row &row : cases) {
        std::string detail = "this host has no code for it";
        for (const auto *table : { &CASES, &BEHAVIOURS }) {
            const auto found = table->find(row.name);
            if (found == table->end()) continue;
            detail.clear();
            try {
                found->second(stage);
            } catch (const std::exception &error) {
                detail = error.what();
                if (detail.empty()) detail = "an exception without words";
            }
        }
        std::replace_if(detail.begin(), detail.end(), [](char letter) { return letter == '\n' || letter == '\t'; }, ' ');
        const char *word = detail.empty() ? "passed" : listed(row) ? "cannot" : "failed";
        has_failed |= *word == 'f';
        std::cout << row.name << '\t' << word << '\t' << detail << std::endl;
    }
    return has_failed;
} catch (const std::exception &error) {
    std::cerr << "error: " << error.what() << '\n';
    return 1;
}
