//! Names: from those of the schema to those of languages.

/// Types that have another name in every language: their own names are taken there, or say too little alone.
const OTHERS: [(&str, &str); 2] = [("Error", "ErrorData"), ("Kind", "ErrorKind")];

/// Operations on a task that have another name among the methods of the task.
const OF_TASK: [(&str, &str); 2] = [("task", "state"), ("settled", "result")];

/// Names of errors that a language or its runtime has already.
const TAKEN: [&str; 8] = [
    // Python, `asyncio` and `concurrent.futures`.
    "CancelledError",
    "ConnectionError",
    "InterruptedError",
    "PermissionError",
    "TimeoutError",
    // JavaScript.
    "RangeError",
    "TypeError",
    "EvalError",
];

/// Gives the name of a type by its name in the schema.
pub(crate) fn of_type(name: &str) -> &str {
    OTHERS.iter().find(|(from, _)| *from == name).map_or(name, |(_, to)| to)
}

/// Gives the name of an operation among the methods of a task.
pub(crate) fn of_task(operation: &str) -> &str {
    OF_TASK.iter().find(|(from, _)| *from == operation).map_or(operation, |(_, to)| to)
}

/// Gives the name of the class for a kind of errors.
pub(crate) fn of_error(kind: &str) -> String {
    let name = format!("{}Error", pascal(kind));
    if TAKEN.contains(&name.as_str()) { format!("Cowork{name}") } else { name }
}

/// `after_ms` to `AfterMs`.
pub(crate) fn pascal(name: &str) -> String {
    name.split(['_', '-', '.', ' ']).map(capital).collect()
}

/// `after_ms` to `afterMs`.
pub(crate) fn camel(name: &str) -> String {
    let pascal = pascal(name);
    let mut letters = pascal.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// `AfterMs` to `after_ms`; what is so already stays.
pub(crate) fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake.replace(['.', '-'], "_")
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_form_of_each_language() {
        assert_eq!(pascal("after_ms"), "AfterMs");
        assert_eq!(pascal("task.cancel"), "TaskCancel");
        assert_eq!(camel("open_thread"), "openThread");
        assert_eq!(snake("AllowTask"), "allow_task");
        assert_eq!(snake("allow"), "allow");
    }

    #[test]
    fn an_error_is_not_called_as_what_a_language_has() {
        assert_eq!(of_error("not_found"), "NotFoundError");
        assert_eq!(of_error("interrupted"), "CoworkInterruptedError");
        assert_eq!(of_error("cancelled"), "CoworkCancelledError");
    }
}
